class Launcher
  Entry = Struct.new(:command, :env)

  def initialize(root)
    @root = root
    @commands = []
  end

  def add(command, env = {})
    @commands << [command, env]
  end

  def start
    trap('TERM') { stop }
    @commands.each do |command, env|
      fork do
        Dir.chdir(@root)
        exec(env, *command)
      end
    end
  end
end
