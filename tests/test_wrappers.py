"""Wrappers: what each takes off the command and hands on, one layer at a time."""

import pytest
from managing import expand, image_of, process_of

from splitter.inspection.discovery import discover
from splitter.managers import wrappers
from splitter.managers.wrappers import READERS
from splitter.model.facts import Command, Process
from splitter.model.image import Config, Image, MemoryTree, Node, text_node

PASSWD = {
    "/etc/passwd": "root:x:0:0:root:/root:/bin/sh\napp:x:999:998::/srv/app:/bin/sh\n",
    "/etc/group": "root:x:0:\napp:x:998:\nweb:x:33:\n",
}


def unwrap(argv, files=None, *, env=None, **more):
    children, gaps = expand("wrappers", argv, image_of({**PASSWD, **(files or {})}, env=env, workdir="/srv"), **more)
    [child] = children
    return child, gaps


@pytest.mark.parametrize(
    ("argv", "inner"),
    [
        pytest.param("tini -- puma -C x.rb", "puma -C x.rb", id="tini"),
        pytest.param("/sbin/tini -v -s -w -p SIGTERM -e 143 puma", "puma", id="tini with every option"),
        pytest.param("/tini-static-amd64 -g -- puma", "puma", id="tini with its platform in the name"),
        pytest.param("/sbin/docker-init -- puma", "puma", id="docker-init"),
        pytest.param("/usr/local/bin/dumb-init -v -c -r 15:3 -- puma", "puma", id="dumb-init"),
        pytest.param("dumb-init_1.2.5_x86_64 --rewrite=15:2 puma", "puma", id="a release of dumb-init"),
        pytest.param("catatonit -g -- puma -p 1", "puma -p 1", id="catatonit"),
        pytest.param("gosu app puma -p 1", "puma -p 1", id="gosu"),
        pytest.param("/sbin/setuser app bundle exec puma", "bundle exec puma", id="setuser"),
        pytest.param("chpst -P -0 -u app -v puma -u x", "puma -u x", id="chpst"),
        pytest.param("chpst -Pvuapp puma", "puma", id="chpst with its options together"),
        pytest.param("s6-setuidgid app puma", "puma", id="s6-setuidgid"),
        pytest.param("s6-notifyoncheck -d -n 20 -w 500 -c true puma -d", "puma -d", id="s6-notifyoncheck"),
        pytest.param("s6-fghack nginx", "nginx", id="s6-fghack"),
        pytest.param("with-contenv bash /run.sh", "bash /run.sh", id="with-contenv"),
        pytest.param("setpriv --reuid=app --regid app --init-groups puma", "puma", id="setpriv"),
        pytest.param("runuser -u app -- puma -u x", "puma -u x", id="runuser"),
        pytest.param("sudo -E -H -n -u app RAILS_ENV=test puma", "puma", id="sudo"),
        pytest.param("doas -u app puma", "puma", id="doas"),
        pytest.param("env -u A -C /x B=c puma", "puma", id="env"),
        pytest.param(["env", "-S", "A=1 puma -C 'a b'", "c"], ["puma", "-C", "a b", "c"], id="env -S"),
        pytest.param("env - A=1 puma", "puma", id="env with a dash"),
        pytest.param("nice -n 10 puma", "puma", id="nice"),
        pytest.param("nice -10 puma", "puma", id="nice as it was written once"),
        pytest.param("ionice -c2 -n 7 puma", "puma", id="ionice"),
        pytest.param("chrt -f 10 puma", "puma", id="chrt"),
        pytest.param("taskset -c 0,1 puma", "puma", id="taskset"),
        pytest.param("numactl --interleave all puma", "puma", id="numactl"),
        pytest.param("nohup puma", "puma", id="nohup"),
        pytest.param("setsid -w puma", "puma", id="setsid"),
        pytest.param("stdbuf -oL -e 0 puma", "puma", id="stdbuf"),
        pytest.param("timeout -k 5 --signal=INT 3600 puma", "puma", id="timeout"),
        pytest.param("time -p puma", "puma", id="time"),
        pytest.param("exec -a web puma", "puma", id="exec"),
        pytest.param("command puma", "puma", id="command"),
        pytest.param("pidproxy /run/p.pid puma", "puma", id="pidproxy"),
        pytest.param("softlimit -m 1000 -o 5 puma", "puma", id="softlimit"),
        pytest.param("unshare -r --fork puma", "puma", id="unshare"),
        pytest.param("busybox nice -n 5 puma", "puma", id="a wrapper of busybox"),
        pytest.param("/bin/busybox httpd -f", "httpd -f", id="busybox"),
        pytest.param("capsh --drop=all -- -c puma", "/bin/bash -c puma", id="capsh is a bash"),
        pytest.param("gosu app tini -- puma", "tini -- puma", id="one layer a call"),
    ],
)
def test_the_command_inside(argv, inner):
    child, gaps = unwrap(argv)
    assert child.command.argv == tuple(inner.split() if isinstance(inner, str) else inner)
    assert gaps == []


@pytest.mark.parametrize(
    ("argv", "user", "wrapper"),
    [
        pytest.param("gosu app:web puma", "app:web", "gosu app:web", id="gosu"),
        pytest.param("su-exec 1000:1000 puma", "1000:1000", "su-exec 1000:1000", id="su-exec"),
        pytest.param("/sbin/setuser app puma", "app", "/sbin/setuser app", id="setuser"),
        pytest.param("s6-setuidgid app puma", "app", "s6-setuidgid app", id="s6-setuidgid"),
        pytest.param("s6-applyuidgid -u 10 -g 20 -G 1,2 puma", "10:20", "s6-applyuidgid -u 10 -g 20 -G 1,2", id="ids"),
        pytest.param("chpst -u app -m 9 -e /e puma", "app", "chpst -u app", id="only what changes the user of chpst"),
        pytest.param("chpst -u app:web:adm puma", "app:web", "chpst -u app:web:adm", id="chpst with groups"),
        pytest.param("chpst -u :5:6 puma", "5:6", "chpst -u :5:6", id="chpst with ids"),
        pytest.param(
            "setpriv --reuid=app --regid=app --init-groups puma", "app",
            "setpriv --reuid=app --regid=app --init-groups", id="setpriv with the user's own group",
        ),
        pytest.param("setpriv --reuid=app --regid=web x", "app:web", "setpriv --reuid=app --regid=web", id="setpriv"),
        pytest.param("runuser -u app -g web -- puma", "app:web", "runuser -u app -g web --", id="runuser"),
        pytest.param("sudo puma", "root", "sudo", id="sudo is root"),
        pytest.param("sudo -u #1000 puma", "1000", "sudo -u #1000", id="sudo by id"),
        pytest.param("doas -u app puma", "app", "doas -u app", id="doas"),
        pytest.param("nice puma", "", "", id="no user"),
    ],
)  # fmt: skip
def test_the_user(argv, user, wrapper):
    child, _ = unwrap(argv, {"/e/A": "1"})
    assert (child.user, " ".join(child.wrapper)) == (user, wrapper)


@pytest.mark.parametrize(
    ("argv", "start"),
    [
        pytest.param("nice -n 10 puma -p 1", "nice -n 10 puma -p 1", id="a nice level"),
        pytest.param("chpst -u app -n 5 -m 100 -L /l -b web puma", "chpst -b web -n 5 -L /l -m 100 puma", id="chpst"),
        pytest.param("stdbuf -oL puma", "stdbuf -oL puma", id="a buffer"),
        pytest.param("env -i A=1 puma", "env -i A=1 puma", id="an empty environment"),
        pytest.param("env -u GONE -u OTHER puma", "env -u GONE puma", id="a variable that is taken away"),
        pytest.param("setpriv --reuid=app --no-new-privs puma", "setpriv --no-new-privs puma", id="privileges"),
        pytest.param("chpst -U nobody puma", "chpst -U nobody puma", id="ids of an account that is not known"),
        pytest.param("busybox timeout 5 puma", "busybox timeout 5 puma", id="within busybox"),
        pytest.param("gosu app puma", "puma", id="nothing that Compose has a key for"),
    ],
)
def test_what_has_no_key_in_compose_stays(argv, start):
    child, _ = unwrap(argv, env={"GONE": "x"})
    assert " ".join(child.command.start) == start


def test_an_outer_limit_stays_when_the_inner_wrapper_goes():
    outer, _ = unwrap("nice -n 10 gosu app puma")
    image = image_of(PASSWD)
    [inner] = wrappers.expand(outer, image)
    assert inner.command == Command(("puma",), ("nice", "-n", "10", "puma"))


def test_a_script_that_is_run_as_it_is_changes_the_user_itself():
    process = Process("x", Command(("gosu", "app", "puma"), ("/run.sh",)), process_of("x").evidence)
    [child] = wrappers.expand(process, image_of(PASSWD))
    assert (child.command, child.user, child.wrapper) == (Command(("puma",), ("/run.sh",)), "", ())
    assert child.notes == ("gosu changes the user when it runs: app",)


@pytest.mark.parametrize(
    ("line", "argv", "start", "user"),
    [
        pytest.param('exec gosu app puma -p "$PORT"', ("gosu", "app", "puma", "-p", "$PORT"),
                     'exec puma -p "$PORT"', "app", id="the wrapper is cut out of the line"),
        pytest.param('exec nice gosu app puma -p "$PORT"', ("nice", "gosu", "app", "puma", "-p", "$PORT"),
                     'exec nice gosu app puma -p "$PORT"', "", id="what stays is left in it"),
        pytest.param('exec gosu "$WHO" puma', ("gosu", "$WHO", "puma"),
                     'exec gosu "$WHO" puma', "", id="a user that is not known yet"),
        pytest.param("exec env A=1 puma $B", ("env", "A=1", "puma", "$B"), "exec puma $B", "", id="an assignment"),
        pytest.param('exec "gosu" app puma "$A"', ("gosu", "app", "puma", "$A"),
                     'exec puma "$A"', "app", id="other quotes"),
    ],
)  # fmt: skip
def test_a_line_that_keeps_variables(line, argv, start, user):
    process = Process("x", Command(argv, ("/bin/sh", "-c", line)), process_of("x").evidence)
    [child] = wrappers.expand(process, image_of(PASSWD))
    assert child.command.run == ("/bin/sh", "-c", start)
    assert child.user == user


@pytest.mark.parametrize(
    ("argv", "env"),
    [
        pytest.param("env A=1 B= puma", {"A": "1", "B": ""}, id="env"),
        pytest.param("cross-env NODE_ENV=production node x.js", {"NODE_ENV": "production"}, id="cross-env"),
        pytest.param("sudo -u app A=1 puma", {"A": "1"}, id="sudo"),
        pytest.param("chpst -e /e puma", {"PLAIN": "a b", "LINES": "x\ny", "SPACE": ""}, id="chpst -e"),
        pytest.param("envdir e puma", {"PLAIN": "a b", "LINES": "x\ny", "SPACE": ""}, id="envdir, relative"),
        pytest.param(
            "s6-envdir -c_ /e puma", {"PLAIN": "a b", "LINES": "x_y", "SPACE": ""}, id="s6-envdir with nullis"
        ),
        pytest.param(
            "s6-envdir -f /e puma", {"PLAIN": "a b \t\nrest", "LINES": "x\ny", "SPACE": " "}, id="s6-envdir of all"
        ),
        pytest.param("chpst -U app puma", {"UID": "999", "GID": "998"}, id="chpst -U"),
        pytest.param("chpst -U app:web puma", {"UID": "999", "GID": "33"}, id="chpst -U with a group"),
        pytest.param("envuidgid app puma", {"UID": "999", "GID": "998"}, id="envuidgid"),
    ],
)
def test_the_environment(argv, env):
    files = {"PLAIN": "a b \t\nrest\n", "LINES": "x\0y", "SPACE": " \n", ".hidden": "1", "GONE": ""}
    files = {f"{folder}/{name}": text for folder in ("/e", "/srv/e") for name, text in files.items()}
    child, gaps = unwrap(argv, files)
    assert dict(child.env) == env
    assert gaps == []


def test_the_home_of_the_user_where_the_environment_has_another():
    child, _ = unwrap("gosu app puma", env={"HOME": "/root"})
    assert child.env == {"HOME": "/srv/app"}
    child, _ = unwrap("chpst -u app puma", env={"HOME": "/root"})
    assert child.env == {}


def test_folders():
    assert unwrap("chpst -C app puma")[0].workdir == "/srv/app"
    assert unwrap("env --chdir=/x puma")[0].workdir == "/x"


def test_a_rewritten_signal():
    assert unwrap("dumb-init -r 15:3 puma")[0].stop_signal == "SIGQUIT"
    assert unwrap("dumb-init -r 2:3 puma")[0].stop_signal == ""
    assert unwrap("dumb-init -r 2:3 puma", stop_signal="SIGINT")[0].stop_signal == "SIGQUIT"
    assert "swallows SIGTERM" in unwrap("dumb-init --rewrite 15:0 puma")[0].notes[0]
    assert unwrap("dumb-init -r x puma")[1][0].what == "dumb-init does not know the rule 'x'"


@pytest.mark.parametrize(
    ("argv", "note"),
    [
        pytest.param("tini -g puma", "tini signals its whole process group", id="a process group"),
        pytest.param("tini -e 143 puma", "the exit code 143 counts as success", id="an exit code"),
        pytest.param("timeout 60 puma", "under timeout 60", id="a time limit"),
        pytest.param("chpst -o 1024 puma", "open files limited to 1024", id="a limit"),
        pytest.param("chpst -u app:web:adm puma", "chpst gives it the further group adm", id="further groups"),
        pytest.param("sudo puma", "sudo hides the container's environment from it", id="sudo's clean environment"),
        pytest.param("s6-notifyoncheck puma", "ready when ./data/check succeeds", id="readiness"),
        pytest.param("capsh --drop=all -- -c x", "under capsh --drop=all", id="capabilities"),
    ],
)
def test_notes(argv, note):
    assert note in unwrap(argv)[0].notes


@pytest.mark.parametrize(
    "argv",
    [
        "puma", "sh -c x", "/entrypoint.sh gosu app", "tini --version", "gosu", "env", "nice", "command -v puma",
        "busybox", "busybox crond -f", "busybox --list", "runuser app -c x", "su app -c x", "sudo -l", "taskset -p 1",
        "catatonit -P", "chpst -V", "capsh --print", "fdmove -c 2 1 puma", "ddtrace-run puma", "",
    ],
)  # fmt: skip
def test_not_a_wrapper_of_a_command(argv):
    got = expand("wrappers", argv, image_of(PASSWD))
    assert got is None or (got[0] == [] and got[1][0].what.endswith("is given no command"))


def test_a_script_that_stands_in_for_a_tool_is_left_to_the_shell():
    files = {"/usr/local/bin/gosu": '#!/bin/sh\nexec su-exec "$@"\n', "/usr/bin/with-contenv": "#!/bin/sh\n"}
    assert expand("wrappers", "gosu app puma", image_of(files)) is None
    assert expand("wrappers", "with-contenv puma", image_of(files)) is not None


def test_with_contenv_is_one_managers_though_it_is_a_script():
    script = "#!/command/execlineb -S0\ns6-envdir -Lfn -- /run/s6/container_environment\n$@\n"
    tree = MemoryTree({"/command/with-contenv": text_node(script, 0o755)})
    facts = discover(Image("x", Config(cmd=("/command/with-contenv", "puma")), tree))
    assert [(p.command.argv, p.via) for p in facts.processes] == [(("puma",), ("wrappers",))]


def test_an_init_without_a_command_is_a_gap():
    assert expand("wrappers", "tini --", image_of())[1][0].what == "tini is given no command"


def test_a_folder_of_variables_that_is_not_there():
    _, gaps = unwrap("chpst -e /nowhere puma")
    assert (gaps[0].what.split(";")[0], gaps[0].evidence.path) == (
        "chpst reads the environment from this folder", "/nowhere",
    )  # fmt: skip
    assert unwrap("s6-envdir -I /nowhere puma")[1] == []


def test_variables_that_cannot_be_read():
    nodes = {
        "/e/BAD": Node("file", size=2, data=lambda: b"\xff\xfe"),
        "/e/LINK": Node("link", target="/e/LINK"),
        "/e/BIG": Node("file", size=1 << 20, data=lambda: b""),
        "/e/OK": text_node("1"),
    }
    got = wrappers.expand(process_of("chpst -e /e puma"), Image("x", Config(), MemoryTree(nodes)))
    assert dict(got[0].env) == {"OK": "1"}
    assert [(g.evidence.path, g.what.split("(")[0]) for g in got[1:]] == [
        ("/e/BAD", "not UTF-8"), ("/e/BIG", "too large for a variable "), ("/e/LINK", "needed and not in the image"),
    ]  # fmt: skip


def test_another_root_is_kept_and_said():
    config = Config(cmd=("chroot", "/jail", "named"))
    facts = discover(Image("x", config, MemoryTree()), {"wrappers": wrappers.expand})
    assert [p.command.argv for p in facts.processes] == [("chroot", "/jail", "named")]
    assert facts.gaps[0].what == "chroot runs named in the root /jail, which was not looked into"


def test_names():
    assert unwrap("tini -- gosu app bundle exec puma")[0].name == "puma"
    assert unwrap("tini -- puma", via=("runit",))[0].name == "main"


def test_every_reader_is_in_the_table_of_wrappers():
    from splitter.catalogue.peel import WRAPPERS

    assert set(READERS) <= set(WRAPPERS)
