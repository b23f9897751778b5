"""Ruby launchers and the configurations of Ruby servers: what they start, and what keeps a server from starting it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from managing import Launcher, expand, image_of, shown

LAUNCHER = Launcher("ruby", "ruby run.rb", "/app/run.rb", "#!/usr/bin/env ruby\n")
start, started = LAUNCHER.start, LAUNCHER.started


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        pytest.param("spawn 'a', 'b', 'c'", ["a b c"], id="spawn"),
        pytest.param("spawn('a b | c')", ["sh -c 'a b | c'"], id="by a shell"),
        pytest.param("spawn('a')", ["a"], id="one word, without a shell"),
        pytest.param("Process.spawn({ 'X' => '1' }, 'a', 'b', out: :err)", ["a b"], id="with variables and options"),
        pytest.param("spawn(['a', 'title'], 'b')", ["a b"], id="with a name of its own"),
        pytest.param("exec('a', 'b')", ["a b"], id="exec"),
        pytest.param("Kernel.exec 'a', 'b'\nspawn 'c'", ["a b"], id="nothing follows exec"),
        pytest.param("fork { exec 'a', 'b' }\nexec 'c'", ["a b", "c"], id="fork with a block"),
        pytest.param(
            "pid = fork do\n  exec 'a'\nend\nspawn 'b'\nProcess.wait(pid)", ["a", "b"], id="fork that is waited for"
        ),
        pytest.param("if fork.nil?\n  exec 'a'\nend\nexec 'b'", ["a", "b"], id="fork that asks which side it is"),
        pytest.param("unless fork\n  exec 'a'\nend\nexec 'b'", ["a", "b"], id="unless fork"),
        pytest.param("system 'm', 'x'\nexec 'a'", ["m x (job)", "a"], id="a step before"),
        pytest.param(
            "system('m x', exception: true) || abort('no')\nexec 'a'",
            ["sh -c 'm x' (job)", "a"],
            id="a step that must hold",
        ),
        pytest.param("pid = spawn('m')\nProcess.wait pid\nexec 'a'", ["m (job)", "a"], id="spawned and waited for"),
        pytest.param("v = `git log`\nspawn 'a'", ["a"], id="what is only read"),
        pytest.param("out, status = Open3.capture2('m')\nspawn 'a'", ["a"], id="what Open3 reads"),
        pytest.param("`a -d &`\nexec 'b'", ["sh -c 'a -d &'", "b"], id="backquotes with a job in the background"),
        pytest.param("IO.popen(['a', 'b'])\nexec 'c'", ["a b", "c"], id="popen"),
        pytest.param("Thread.new { system 'a' }\nThread.new { system 'b' }", ["a", "b"], id="threads"),
        pytest.param(
            "t = %w[a b].map { |c| Thread.new { system(c) } }\nt.each(&:join)", ["a", "b"], id="threads of a list"
        ),
        pytest.param("%w[a b].each do |c|\n  spawn c, '-x'\nend\nProcess.waitall", ["a -x", "b -x"], id="a known list"),
        pytest.param(
            "{ x: 'a', y: 'b' }.each { |n, c| spawn(\"#{c} --n=#{n} | z\") }",
            ["sh -c 'a --n=x | z'", "sh -c 'b --n=y | z'"],
            id="a mapping",
        ),
        pytest.param("2.times { |i| spawn 'a', i.to_s }", ["a 0", "a 1"], id="times"),
        pytest.param("def run(*words)\n  spawn(*words)\nend\nrun 'a', 'b'", ["a b"], id="a method of its own"),
        pytest.param(
            "class L\n  def initialize(c) = @c = c\n  def go\n    exec(@c)\n  end\nend\nL.new('a').go",
            ["a"],
            id="a class",
        ),
        pytest.param(
            "class B\n  def go = spawn(name)\nend\nclass A < B\n  def name = 'a'\nend\nA.new.go",
            ["a"],
            id="a class that builds on another",
        ),
        pytest.param("module M\n  def self.go(c)\n    exec c\n  end\nend\nM.go('a')", ["a"], id="a module"),
        pytest.param("def each_one\n  yield 'a'\n  yield 'b'\nend\neach_one { |c| spawn c }", ["a", "b"], id="yield"),
        pytest.param("go = ->(c) { spawn c }\ngo.call('a')\ngo.('b')", ["a", "b"], id="a lambda"),
        pytest.param("c = %w[a b]\nc << 'c'\nc += ['d']\nexec(*c)", ["a b c d"], id="a list that grows"),
        pytest.param("require 'shellwords'\nexec(*Shellwords.split('a \"b c\"'))", ["a 'b c'"], id="shellwords"),
        pytest.param("exec File.expand_path('../bin/a', __dir__)", ["/bin/a"], id="a path"),
        pytest.param("exec <<~X\n  a -b |\n    c\nX", ["sh -c 'a -b |\n  c\n'"], id="a here-document"),
        pytest.param("case ENV['MODE']\nwhen 'w' then exec 'a'\nelse exec 'b'\nend", ["a OFF", "b"], id="case"),
        pytest.param("exec 'a' if ENV['X']\nexec 'b'", ["a OFF", "b"], id="an off program with its switch"),
        pytest.param("spawn 'a' unless ENV['X'].nil?\nexec 'b'", ["a OFF", "b"], id="unless it is nil"),
        pytest.param("spawn 'a' if ENV.fetch('X', 'false') == 'true'\nexec 'b'", ["a OFF", "b"], id="a default"),
        pytest.param(
            "spawn 'a' if ENV.fetch('X') { 'true' } == 'true'\nexec 'b'", ["a", "b"], id="a default in a block"
        ),
        pytest.param(
            "def go\n  return if ENV['X'].to_s.empty?\n  spawn 'a'\nend\ngo\nexec 'b'",
            ["a OFF", "b"],
            id="an early return",
        ),
        pytest.param("begin\n  raise 'x'\nrescue\nend\nexec 'a'", ["a"], id="what is rescued"),
        pytest.param("exec 'a' rescue nil", ["a"], id="rescue behind it"),
        pytest.param("at_exit { system 'z' }\ntrap('TERM') { system 'y' }\nexec 'a'", ["a"], id="at another time"),
        pytest.param(
            "spawn 'b'\nloop { system 'a'; sleep 5 }",
            ["b", "sh -c 'while :; do a; sleep 5; done'"],
            id="a loop with a pause",
        ),
        pytest.param("exit 0 if ARGV.empty?\nexec 'a'", ["a OFF"], id="nothing without arguments"),
        pytest.param("abort 'set X' unless ENV['X']\nexec 'a'", ["a"], id="it gives up for want of a setting"),
    ],
)
def test_starts(body, expected):
    got = start(body)
    assert [shown(p) for p in got[0]] == expected if got is not None else expected == [] or "OFF" in expected[0]


def test_folder_variables_and_line():
    [a], _ = start("Dir.chdir('w') do\n  exec({ 'X' => 'y' }, 'a')\nend")
    assert (a.workdir, dict(a.env), a.evidence.path, a.evidence.line) == ("/app/w", {"X": "y"}, "/app/run.rb", 3)
    [a, b], _ = start("ENV['Y'] = 'z'\nspawn 'a', chdir: '/x'\nENV.delete('Y')\nexec 'b'")
    assert (a.workdir, dict(a.env), dict(b.env)) == ("/x", {"Y": "z"}, {})


def test_the_switch_of_what_is_off():
    [a, _], _ = start("exec 'a' if ENV['WITH_A'] == 'yes'\nexec 'b'")
    assert a.off == "ENV['WITH_A'] == 'yes'"


def test_the_place_is_the_call_that_names_the_command():
    [a], _ = start("def run(cmd)\n  spawn(cmd)\nend\n\nrun('a b')")
    assert a.evidence.line == 6


def test_a_variable_that_must_be_given_stays_one():
    [a], [gap] = start("exec 'a', ENV.fetch('KEY'), \"x-#{ENV['KEY']}\"")
    assert a.command.argv == ("a", "$KEY", "x-$KEY")
    assert "KEY" in gap.what


def test_files_beside_it_are_followed():
    files = {"/app/lib/go.rb": "module Go\n  def self.go = exec('a')\nend"}
    assert started("require_relative 'lib/go'\nGo.go", files=files) == ["a"]


@pytest.mark.parametrize(
    "body",
    ["puts 1", "require 'sinatra'\nget('/') { 1 }", "system 'a'\nTCPServer.new(1).accept", "def go\n  exec 'a'\nend"],
    ids=["nothing", "a server", "a step and a server", "a method that nobody calls"],
)
def test_no_launcher(body):
    assert start(body) is None


def test_a_server_that_starts_others_stays_with_a_gap():
    [kept], [gap] = start("spawn 'a'\nTCPServer.new(80)")
    assert kept.command.argv == ("ruby", "run.rb")
    assert "TCPServer.new" in gap.what


def test_by_its_first_line_and_behind_bundler():
    assert [shown(p) for p in start("exec 'a'", "/app/run.rb")[0]] == ["a"]
    assert [shown(p) for p in start("exec 'a'", "bundle exec ruby -W0 run.rb")[0]] == ["a"]
    assert start("exec 'a'", ("ruby", "-e", "1")) is None


# Servers


def serve(config, *, argv="bundle exec puma -C config/puma.rb", path="/app/config/puma.rb", env=None, files=None):
    image = image_of({path: config, **(files or {})}, workdir="/app", env=env)
    return expand("ruby", argv, image)


PLUGIN = """Puma::Plugin.create do
  def start(launcher)
    launcher.events.on_booted { @pid = fork { exec 'redis-server', '--port', '6380' } }
    in_background { loop { sleep 5 } }
  end
end
"""


def test_a_plugin_whose_address_variable_turns_it_off():
    files = {"/app/lib/puma/plugin/redis.rb": PLUGIN}
    [web, redis], [] = serve("plugin :redis if ENV['REDIS_URL'].to_s.empty?", files=files)
    assert redis.command.argv == ("redis-server", "--port", "6380")
    assert (redis.evidence.path, redis.evidence.line) == ("/app/lib/puma/plugin/redis.rb", 3)
    assert dict(web.env) == {"REDIS_URL": "redis://127.0.0.1:6379"}
    assert web.command.argv[-1] == "config/puma.rb"


def test_a_flag_that_is_about_the_program_turns_it_off():
    files = {"/app/lib/puma/plugin/redis.rb": PLUGIN}
    [web, redis], [] = serve("plugin :redis unless ENV['EMBED_REDIS'] == 'false'", files=files)
    assert dict(web.env) == {"EMBED_REDIS": "false"}
    assert any("EMBED_REDIS=false" in n for n in redis.notes)


def test_a_flag_that_turns_off_more_is_not_taken():
    files = {"/app/lib/puma/plugin/redis.rb": PLUGIN}
    config = "unless ENV['NO_REDIS'] == '1'\n  plugin :redis\n  before_fork { spawn 'other' }\nend"
    [web, *others], _ = serve(config, files=files)
    assert "NO_REDIS" not in web.env
    assert len(others) == 2
    assert set(web.patches) == {"/app/config/puma.rb"} | ({"/app/lib/puma/plugin/redis.rb"} & set(web.patches))


@pytest.mark.parametrize("hook", ["before_fork", "on_worker_boot"])
def test_a_start_is_taken_out_of_the_configuration(hook):
    config = f"workers 2\n{hook} do\n  @sidekiq_pid ||= spawn('bundle exec sidekiq -c 2')\n  other\nend\n"
    [web, sidekiq], [] = serve(config)
    assert str(sidekiq.command) == "sh -c 'bundle exec sidekiq -c 2'"
    assert web.patches["/app/config/puma.rb"] == f"workers 2\n{hook} do\n  nil\n  other\nend\n"
    assert any("each worker process" in n for n in sidekiq.notes) == (hook == "on_worker_boot")


def test_unicorn_reads_the_file_that_it_is_told():
    config = "before_fork do |server, worker|\n  @pid ||= spawn('bundle exec sidekiq')\nend"
    [web, sidekiq], [] = serve(config, argv="unicorn -c config/unicorn.rb", path="/app/config/unicorn.rb")
    assert (web.command.program, sidekiq.lifetime) == ("unicorn", "service")
    assert "nil" in web.patches["/app/config/unicorn.rb"]


def test_where_nothing_keeps_it_the_program_stays_inside():
    config = "on_booted do\n  @pid = spawn('redis-server')\nend\non_restart { Process.kill(:INT, @pid) }"
    [web], [gap] = serve(config)
    assert not web.patches
    assert not web.env
    assert "stays in the same container" in gap.what


def test_what_is_off_is_shown_with_its_switch():
    files = {"/app/lib/puma/plugin/redis.rb": PLUGIN}
    [web, redis], [] = serve("plugin :redis if ENV['WITH_REDIS']", files=files)
    assert redis.off == "ENV['WITH_REDIS']"
    assert not web.env


def test_a_password_that_is_made_up_is_left_out():
    text = PLUGIN.replace("'--port', '6380'", "'--requirepass', Digest::SHA1.hexdigest(ENV.fetch('K', '')), '--x'")
    [_, redis], [] = serve("plugin :redis if ENV['REDIS_URL'].nil?", files={"/app/lib/puma/plugin/redis.rb": text})
    assert redis.command.argv == ("redis-server", "--x")
    assert any("password" in n for n in redis.notes)


def test_a_worker_in_a_thread_is_told():
    config = "on_booted do\n  Thread.new { Sidekiq.configure_embed { |c| c.concurrency = 2 }.run }\nend"
    [web], [gap] = serve(config)
    assert "Sidekiq worker" in gap.what
    assert any("Sidekiq worker" in n for n in web.notes)


@pytest.mark.parametrize("condition", [" if ENV['AUTO_MIGRATE'] != 'false'", ""])
def test_a_migration_at_boot(condition):
    files = {
        "/app/config/initializers/m.rb": "Rails.configuration.to_prepare do\n"
        f"  ActiveRecord::Tasks::DatabaseTasks.migrate{condition}\nend",
        "/app/bin/rails": "#!/usr/bin/env ruby\n",
    }
    found, gaps = serve("threads 1, 5", files=files)
    if condition:
        migrate, web = found
        assert (migrate.command.argv, migrate.lifetime) == (("/app/bin/rails", "db:migrate"), "job")
        assert dict(web.env) == {"AUTO_MIGRATE": "false"}
        assert gaps == []
    else:
        assert len(found) == 1
        assert "migrates the database whenever it boots" in gaps[0].what


def test_rails_server_reads_the_same_file():
    [web, _], [] = serve("before_fork { spawn 'a' }", argv="./bin/rails server -b 0.0.0.0")
    assert "/app/config/puma.rb" in web.patches
    [web, _], [] = serve("before_fork { spawn 'a' }", argv="./bin/thrust ./bin/rails server")
    assert web.command.argv[0] == "./bin/thrust"


def test_a_plain_server_is_a_leaf():
    assert serve("workers 2\nthreads 1, 5\nplugin :tmp_restart\nport ENV.fetch('PORT', 3000)") is None


PIECES = st.sampled_from(
    (
        "spawn 'a'",
        "exec(",
        ")",
        " do |x| ",
        "end",
        "\n",
        "if ENV['X']",
        "fork {",
        "}",
        '"#{',
        "a",
        "b = ",
        "<<~X\n",
        "X\n",
        "class A < ",
        "def m(a, *b, c: 1)",
        "yield",
        "return",
        "loop",
        "%w[",
        "]",
        "@x ||= ",
        "::",
        "A.new",
        ".each(&:",
        "->(x)",
        "case ",
        "when ",
        "rescue",
        "ensure",
        "next",
        "break",
        "ENV['Y'] = ",
        "*",
        "**",
        "&",
        "{ 'k' => ",
        "plugin :x",
        ",",
    )
)


@given(st.lists(PIECES, max_size=30).map("".join))
def test_no_text_makes_it_raise(body):
    start(f"spawn\n{body}")
    serve(f"plugin :x\nspawn if 0\n{body}", files={"/app/lib/puma/plugin/x.rb": body})
