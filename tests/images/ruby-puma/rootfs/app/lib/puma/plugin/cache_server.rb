require 'puma/plugin'

Puma::Plugin.create do
  def start(launcher)
    return if ENV['EMBEDDED_CACHE'].to_s.empty?

    launcher.events.on_booted { @pid = start_server }
    launcher.events.on_stopped { Process.kill(:TERM, @pid) if @pid }
    in_background { watch }
  end

  def start_server
    fork do
      Dir.chdir(ENV.fetch('DATA'))
      exec 'redis-server', '--requirepass', ENV['REDIS_URL'].split('@').first, '--appendonly', 'yes'
    end
  end

  def watch
    loop do
      sleep 5
      Process.kill(0, @pid) if @pid
    end
  end
end
