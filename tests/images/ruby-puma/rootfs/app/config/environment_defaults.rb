if ENV['REDIS_URL'].to_s.empty?
  ENV['REDIS_URL'] = "redis://default:#{SecureRandom.hex(8)}@0.0.0.0:6379/0"
  ENV['EMBEDDED_CACHE'] = '1'
end
