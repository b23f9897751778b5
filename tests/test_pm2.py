"""pm2: what it starts from the command line and from ecosystem files, and with which interpreter."""

import pytest
from managing import expand, image_of


def start(argv, text="", *, name="ecosystem.config.js", files=None, env=None):
    image = image_of({f"/app/{name}": text, **(files or {})}, workdir="/app", env=env)
    return expand("pm2", argv, image)


def apps(text, argv="pm2-runtime ecosystem.config.js", **more):
    return start(argv, f"module.exports = {{ apps: [ {text} ] }}", **more)


@pytest.mark.parametrize(
    ("argv", "name", "command"),
    [
        pytest.param("pm2-runtime app.js", "app", "node app.js", id="a script"),
        pytest.param("pm2-runtime start app.js --foo", "app", "node app.js", id="pm2-runtime start"),
        pytest.param("pm2 start app.js --name web -- --port 3", "web", "node app.js --port 3", id="arguments"),
        pytest.param("npx pm2-runtime x.py", "x", "python x.py", id="python"),
        pytest.param("node node_modules/pm2/bin/pm2-runtime app.js", "app", "node app.js", id="by the package's file"),
        pytest.param("pm2 start x.sh -n w", "w", "bash x.sh", id="a shell script"),
        pytest.param("pm2 start npm --name w -- run start", "w", "npm run start", id="npm"),
        pytest.param("pm2-runtime start pnpm --name=w -- start", "w", "pnpm start", id="pnpm"),
        pytest.param("pm2 start bin/www", "www", "node bin/www", id="a script without an ending"),
        pytest.param("pm2 start a.js --node-args='x' --interpreter bun", "a", "bun x a.js", id="another interpreter"),
        pytest.param("pm2 start ./run --interpreter none", "run", "./run", id="no interpreter"),
        pytest.param("pm2-docker app.mjs", "app", "node app.mjs", id="the old name of pm2-runtime"),
    ],
)
def test_command_lines(argv, name, command):
    [app], gaps = start(argv)
    assert gaps == []
    assert (app.name, str(app.command), app.stop_signal, app.restart) == (name, command, "SIGINT", "always")


def test_a_line_with_blanks_runs_by_bash():
    [app], _ = start(["pm2", "start", "php artisan queue:work", "--name", "q"])
    assert (app.name, app.command.argv) == ("q", ("bash", "-c", "php artisan queue:work"))


@pytest.mark.parametrize("argv", ["pm2 logs", "pm2 delete all", "pm2 save", "pm2", "pm2 --version", "node app.js"])
def test_not_claimed(argv):
    assert start(argv) is None


@pytest.mark.parametrize(
    ("options", "count", "notes"),
    [
        pytest.param("", 1, 0, id="one"),
        pytest.param("instances: 3", 3, 1, id="a number, in cluster mode"),
        pytest.param("instances: '3', exec_mode: 'fork'", 3, 0, id="a number as a text, forked"),
        pytest.param("instances: 'max'", 1, 1, id="one for each processor"),
        pytest.param("instances: -1", 1, 1, id="one less than the processors"),
        pytest.param("instances: 0", 1, 1, id="zero is max"),
        pytest.param("instances: 2, interpreter: 'ruby'", 2, 0, id="another interpreter has no cluster mode"),
    ],
)
def test_instances(options, count, notes):
    [app], _ = apps(f"{{ script: 'a.js', {options} }}")
    assert (app.instances, len(app.notes)) == (count, notes)


def test_the_options_of_an_app():
    [app], gaps = apps(
        "{ name: 'w', script: './a.py', args: '-q \"a b\"', cwd: 'sub', uid: 'app', gid: 'www', kill_timeout: 2500,"
        " interpreter: 'python3', interpreter_args: '-u -B', env: { A: 1, B: true, C: 'x' }, out_file: 'o.log',"
        " error_file: '/dev/null', autorestart: false, port: 80 }"
    )
    assert gaps == []
    assert app.command.argv == ("python3", "-u", "-B", "./a.py", "-q", "a b")
    assert (app.workdir, app.user, app.stop_timeout, app.restart) == ("/app/sub", "app:www", 2.5, "no")
    assert app.env == {"A": "1", "B": "true", "C": "x", "PORT": "80", "PYTHONUNBUFFERED": "1"}
    assert app.logs == ("/app/sub/o.log",)


def test_an_environment_by_name():
    text = "{ script: 'a.js', env: { A: 1, B: 1 }, env_production: { B: 2 } }"
    assert apps(text)[0][0].env == {"A": "1", "B": "1"}
    assert apps(text, "pm2-runtime ecosystem.config.js --env production")[0][0].env == {"A": "1", "B": "2"}


def test_what_the_clock_starts():
    [job, web], _ = apps(
        "{ script: 'a.js', cron_restart: '0 * * * *', autorestart: false },"
        "{ script: 'b.js', cron_restart: '5 0 * * *' }"
    )
    assert (job.lifetime, job.schedule) == ("scheduled", "0 * * * *")
    assert (web.lifetime, web.schedule, web.notes) == ("service", "", ("pm2 restarts it by the clock (5 0 * * *)",))


def test_only_some_apps():
    [a, b], _ = apps(
        "{ name: 'a', script: 'a.js' }, { name: 'b', script: 'b.js' }", "pm2 start ecosystem.config.js --only b"
    )
    assert (bool(a.off), b.off) == (True, "")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        pytest.param("process.json", '{ apps: [ { name: "a", script: "a.js", }, ] } // loose', id="loose json"),
        pytest.param("apps.yml", "apps:\n  - name: a\n    script: a.js\n", id="yaml"),
        pytest.param("one.json", '{"name": "a", "script": "a.js"}', id="one app alone"),
        pytest.param("list.json", '[{"name": "a", "script": "a.js"}]', id="a list"),
        pytest.param("x.config.cjs", "exports.apps = [{ name: 'a', script: 'a.js' }]", id="cjs"),
        pytest.param("y.config.js", "export default { apps: [{ name: 'a', script: 'a.js' }] }", id="a module"),
    ],
)
def test_files(name, text):
    [app], gaps = start(f"pm2-runtime start {name}", text, name=name)
    assert (gaps, app.name, str(app.command), app.evidence.path) == ([], "a", "node a.js", f"/app/{name}")


def test_start_alone_takes_the_file_of_the_folder():
    [app], _ = start("pm2 start", "module.exports = [{ script: 'a.js' }]")
    assert (app.name, app.evidence.line) == ("a", 1)


@pytest.mark.parametrize(
    ("text", "known", "what"),
    [
        pytest.param("{ script: pick() }, { script: 'b.js' }", ["b"], "pick()", id="a script that is computed"),
        pytest.param("...more(), { script: 'b.js' }", ["b"], "more()", id="apps that are computed"),
        pytest.param("{ name: 'b', script: 'b.js', instances: os.n() }", ["b"], "instances", id="an option"),
        pytest.param("{ script: 'b.js', env: { A: process.env.B } }", ["b"], "$B", id="a variable of another name"),
        pytest.param("{ name: 'x' }, { script: 'b.js' }", ["b"], "missing", id="no script"),
        pytest.param("7, { script: 'b.js' }", ["b"], "no object", id="no app at all"),
    ],
)
def test_what_is_not_known_is_a_gap_and_the_rest_is_read(text, known, what):
    processes, [gap] = apps(text)
    assert [p.name for p in processes] == known
    assert what in gap.what
    assert gap.evidence.path == "/app/ecosystem.config.js"


@pytest.mark.parametrize(
    ("argv", "text"),
    [
        pytest.param("pm2-runtime no.json", "", id="no such file"),
        pytest.param("pm2-runtime ecosystem.config.js", "module.exports = {", id="a broken one"),
        pytest.param("pm2-runtime ecosystem.config.js", "module.exports = load()", id="one that is computed"),
    ],
)
def test_a_file_that_cannot_be_read_leaves_the_command(argv, text):
    [left], [_] = start(argv, text)
    assert str(left.command) == argv


@pytest.mark.parametrize(
    ("command", "speaks"),
    [
        pytest.param("pm2 restart web", True, id="an app by its name"),
        pytest.param("pm2 reload all", True, id="all of them"),
        pytest.param("pm2 restart server.js", False, id="a script, which it may start"),
        pytest.param("pm2 start web", False, id="a start"),
    ],
)
def test_what_is_said_to_apps_that_run_starts_none(command, speaks):
    assert (expand("pm2", command, image_of({"/app/server.js": ""}, workdir="/app")) is None) is speaks
