Puma::Plugin.create do
  def start(launcher)
    launcher.events.on_booted { spawn('bundle', 'exec', 'mail_room', '-c', 'config/mail_room.yml') }
  end
end
