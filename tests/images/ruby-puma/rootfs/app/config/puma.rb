require_relative 'environment_defaults'

workers ENV.fetch('WEB_CONCURRENCY', 2)
threads 1, ENV.fetch('RAILS_MAX_THREADS') { 5 }.to_i
port ENV.fetch('PORT', 3000)

plugin :tmp_restart
plugin :cache_server
plugin :mailer if ENV['MAILER_IN_PUMA']

before_fork do
  @worker_pid ||= spawn('bundle exec sidekiq -C config/sidekiq.yml')
end
