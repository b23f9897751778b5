"""cron: the lines of a crontab, whose they are, and what each daemon reads."""

import hashlib

import pytest
from managing import expand, image_of, process_of

from splitter.managers import _crontab, cron
from splitter.model.facts import Gap, Process
from splitter.model.image import Config, Image, MemoryTree, Node, text_node

PASSWD = {"/etc/passwd": "root:x:0:0:root:/root:/bin/sh\napp:x:999:999::/srv/app:/bin/sh\n"}
LINE = "* * * * * app cd /srv/app && bin/heartbeat >> log/cron.log 2>&1\n"
STATUS = """Package: cron
Status: install ok installed
Maintainer: Javier Fernández-Sanguino Peña <jfs@debian.org>
Conffiles:
 /etc/crontab {crontab}
 /etc/cron.d/.placeholder 11111111111111111111111111111111
Description: process scheduling daemon

Package: e2fsprogs
Maintainer: Theodore Y. Ts'o <tytso@mit.edu>
Original-Maintainer: x <x@lists.debian.org>
Conffiles:
 /etc/cron.d/e2scrub_all {e2scrub}
 /etc/mke2fs.conf 6a6a6a6a6a6a6a6a6a6a6a6a6a6a6a6a

Package: passbolt-ce-server
Maintainer: Passbolt SA <contact@passbolt.com>
Conffiles:
 /etc/cron.d/passbolt {passbolt}

Package: bash
Maintainer: Matthias Klose <doko@debian.org>
"""
DEBIAN_TABLE = """# /etc/crontab: system-wide crontab
SHELL=/bin/sh
17 *\t* * *\troot\tcd / && run-parts --report /etc/cron.hourly
25 6\t* * *\troot\ttest -x /usr/sbin/anacron || { cd / && run-parts --report /etc/cron.daily; }
"""


def run(argv="cron -f", files=None, *, base="", executable=True, nodes=None, **more):
    """The daemon, its entries and the gaps; scripts of periodic folders are executable where `executable`."""
    given = {**PASSWD, **(files or {})}
    tree = MemoryTree({p: text_node(t, 0o755 if executable and "cron." in p else 0o644) for p, t in given.items()})
    for path, node in (nodes or {}).items():
        tree.put(path, node)
    got = cron.expand(process_of(argv, **more), Image("example/test", Config(workdir="/srv"), tree, base=base))
    assert got is not None
    processes = [p for p in got if isinstance(p, Process)]
    return processes[0], processes[1:], [g for g in got if isinstance(g, Gap)]


def test_the_daemon_comes_first_and_then_its_entries():
    daemon, [entry], gaps = run(files={"/etc/cron.d/app": "MAILTO=ops\n\n" + LINE})
    assert (daemon.command.argv, daemon.lifetime, daemon.evidence.note) == (("cron", "-f"), "service", "CMD")
    assert entry.command.argv == ("/bin/sh", "-c", "cd /srv/app && bin/heartbeat >> log/cron.log 2>&1")
    assert (entry.name, entry.lifetime, entry.schedule, entry.user) == ("heartbeat", "scheduled", "* * * * *", "app")
    assert (str(entry.evidence), dict(entry.env), entry.workdir) == ("/etc/cron.d/app:3", {"MAILTO": "ops"}, "/srv/app")
    assert gaps == []


def test_the_daemon_is_not_taken_apart_again():
    assert expand("cron", "cron -f", image_of({"/etc/cron.d/app": LINE}), via=("runit", "cron")) is None


def test_a_daemon_that_goes_to_the_background_is_kept_in_front():
    assert run("cron", {"/etc/cron.d/app": LINE})[0].command.argv == ("cron", "-f")
    assert run("crond", {"/etc/cron.d/app": LINE})[0].command.argv == ("crond", "-f")
    assert run("crond -n", {"/etc/cron.d/app": LINE})[0].command.argv == ("crond", "-n")


def test_what_every_debian_has_is_the_distribution_s_whoever_looks_after_it():
    status = STATUS.replace("Original-Maintainer: x <x@lists.debian.org>", "Priority: required")
    files = {"/var/lib/dpkg/status": status.replace("{e2scrub}", hashlib.md5(LINE.encode()).hexdigest()),
             "/etc/cron.d/e2scrub_all": LINE, "/etc/cron.d/app": LINE}  # fmt: skip
    assert [str(entry.evidence) for entry in run(files=files)[1]] == ["/etc/cron.d/app:1"]


def test_a_script_of_the_application_that_is_called_cron():
    files = {"/srv/docker/cron": "#!/bin/bash -e\nwhile true; do x; sleep 60; done\n", "/etc/cron.d/app": LINE}
    assert expand("cron", "./docker/cron", image_of(files, workdir="/srv")) is None


@pytest.mark.parametrize("argv", ["cron --help", "crontab x", "supercronic -test /x", "sh -c cron", "", "cron"])
def test_other_commands_and_a_cron_that_has_nothing(argv):
    assert expand("cron", argv, image_of(PASSWD)) is None


@pytest.mark.parametrize(
    ("line", "schedule", "user", "command"),
    [
        pytest.param("*/5 * * * * app run", "*/5 * * * *", "app", "run", id="steps"),
        pytest.param("0 0-6/2,22 1,15 jan-mar Mon app run", "0 0-6/2,22 1,15 jan-mar Mon", "app", "run", id="names"),
        pytest.param("  5\t4  * *\t7 app  run  it ", "5 4 * * 7", "app", "run  it", id="tabs and blanks"),
        pytest.param("@daily app run", "@daily", "app", "run", id="a nickname"),
        pytest.param("@reboot app run", "@reboot", "app", "run", id="at the start"),
        pytest.param("-0 1 * * * root run", "0 1 * * *", "root", "run", id="cronie's dash"),
        pytest.param("0~30 1 * * * root run", "0~30 1 * * *", "root", "run", id="a random minute"),
        pytest.param(r"0 1 * * * app date +\%F", "0 1 * * *", "app", "date +%F", id="an escaped percent sign"),
        pytest.param("0 1 * * * app A=b run # not a comment", "0 1 * * *", "app", "A=b run # not a comment", id="rest"),
        pytest.param("0 1 * * * app mail x%one%two", "0 1 * * *", "app",
                     "mail x <<'END-OF-INPUT'\none\ntwo\nEND-OF-INPUT", id="standard input"),
    ],
)  # fmt: skip
def test_lines(line, schedule, user, command):
    _, [entry], gaps = run(files={"/etc/cron.d/app": line + "\n"})
    assert (entry.schedule, entry.user, entry.command.argv[-1]) == (schedule, user, command)
    assert gaps == []


@pytest.mark.parametrize(
    ("line", "what"),
    [
        pytest.param("* * * * app run", "'app' is no time", id="four fields"),
        pytest.param("* * * *", "too few fields", id="nothing more"),
        pytest.param("61 * * * * app run", "'61' is no time", id="a minute that is none"),
        pytest.param("*/0 * * * * app run", "'*/0' has no step", id="no step"),
        pytest.param("{{ cron }} * * * app run", "'{{' is no time", id="a placeholder"),
        pytest.param("$WHEN app run", "too few fields", id="a variable"),
        pytest.param("@often app run", "the unknown schedule @often", id="an unknown nickname"),
        pytest.param("* * * * * /usr/bin/php x.php", "'/usr/bin/php' stands where cron wants a user", id="no user"),
        pytest.param("* * * * * app", "no command after the schedule and the user", id="no command"),
        pytest.param("* * * * * app %in", "no command after the schedule and the user", id="only standard input"),
    ],
)
def test_lines_that_are_wrong(line, what):
    _, entries, gaps = run(files={"/etc/cron.d/app": f"# first\n{line}\n"})
    assert entries == []
    [gap] = gaps
    assert (str(gap.evidence), gap.what.removeprefix("not a line of a crontab: ")) == ("/etc/cron.d/app:2", what)


def test_assignments_hold_for_the_lines_below():
    text = "1 * * * * app a\nPATH = /opt/bin:/bin\nSHELL=/bin/bash\n'TWO WORDS' = \" x y \"\n2 * * * * app b\n"
    _, [a, b], _ = run(files={"/etc/cron.d/app": text})
    assert (dict(a.env), a.command.argv[0]) == ({}, "/bin/sh")
    assert dict(b.env) == {"PATH": "/opt/bin:/bin", "SHELL": "/bin/bash", "TWO WORDS": " x y "}
    assert b.command.argv[0] == "/bin/bash"


def test_the_home_of_the_user_is_the_folder():
    _, [a, b, c], _ = run(files={"/etc/cron.d/app": "1 * * * * app a\n2 * * * * root b\nHOME=/x\n3 * * * * app c\n"})
    assert [p.workdir for p in (a, b, c)] == ["/srv/app", "/root", "/x"]


@pytest.mark.parametrize(
    ("command", "name"),
    [
        ("cd /srv/app && RAILS_ENV=production bundle exec rake orders:cleanup >> log/x 2>&1", "orders:cleanup"),
        ("php /srv/app/artisan schedule:run > /dev/null", "schedule:run"),
        ("[ -x /usr/bin/backup ] && /usr/bin/backup --all || logger failed", "backup"),
        ("flock -n /tmp/lock python3 manage.py clearsessions", "clearsessions"),
        (". /etc/environment; /usr/local/bin/report.sh", "report.sh"),
        ("sudo -u app /srv/app/bin/sync", "sync"),
        ("curl -fsS http://localhost/cron", "curl"),
        ("echo hello", "echo"),
        ("if (", "if"),
    ],
)
def test_names(command, name):
    _, [entry], _ = run(files={"/etc/cron.d/app": f"* * * * * app {command}\n"})
    assert entry.name == name


def test_users_have_crontabs_of_their_own():
    _, entries, gaps = run(
        files={"/var/spool/cron/crontabs/app": "# x\n0 3 * * * /srv/app/night.sh\n",
               "/var/spool/cron/crontabs/gone": "0 3 * * * x\n"}
    )  # fmt: skip
    assert [(e.user, str(e.evidence), e.command.argv[-1]) for e in entries] == [
        ("app", "/var/spool/cron/crontabs/app:2", "/srv/app/night.sh"),
        ("gone", "/var/spool/cron/crontabs/gone:1", "x"),
    ]
    assert [g.what for g in gaps] == ["cron passes over it: the image has no user gone"]


def test_names_that_debians_cron_passes_over():
    _, entries, gaps = run(
        files={"/etc/cron.d/app.cron": LINE, "/etc/cron.d/.hidden": LINE, "/etc/cron.d/ok_1-a": LINE}
    )
    assert [e.evidence.path for e in entries] == ["/etc/cron.d/ok_1-a"]
    assert [(g.evidence.path, g.what) for g in gaps] == [
        ("/etc/cron.d/app.cron", "cron passes over it because of its name")
    ]


def test_what_makes_debians_cron_pass_over_a_file_is_said():
    node = text_node(LINE.rstrip("\n"), 0o664)
    _, entries, gaps = run(nodes={"/etc/cron.d/app": node})
    assert len(entries) == 1
    assert [g.what for g in gaps] == [
        "cron passes over it: others than its owner may write it",
        "the file does not end in a newline: Debian's cron passes over all of it",
    ]


def test_carriage_returns_and_continued_lines():
    _, entries, gaps = run(files={"/etc/cron.d/app": "1 * * * * app a\r\n2 * * * * app b \\\n"})
    assert entries[0].command.argv[-1] == "a"
    assert [str(g.evidence) for g in gaps] == ["/etc/cron.d/app:1", "/etc/cron.d/app:2"]


def test_the_distributions_entries_are_left_out_by_the_package_database():
    files = {"/etc/crontab": DEBIAN_TABLE, "/etc/cron.d/e2scrub_all": "30 3 * * 0 root /x/e2scrub_all\n",
             "/etc/cron.d/passbolt": "* * * * * app /usr/share/php/passbolt/bin/cron\n",
             "/etc/cron.d/php": "9 9 * * * root ours\n"}  # fmt: skip
    sums = {
        key: hashlib.md5(files[path].encode()).hexdigest()
        for key, path in (
            ("crontab", "/etc/crontab"), ("e2scrub", "/etc/cron.d/e2scrub_all"), ("passbolt", "/etc/cron.d/passbolt"),
        )
    }  # fmt: skip
    files["/var/lib/dpkg/status"] = STATUS.format(**sums)
    daemon, entries, gaps = run(files=files)
    assert [e.evidence.path for e in entries] == ["/etc/cron.d/passbolt", "/etc/cron.d/php"]
    assert daemon.notes == ("left out, as packages brought it: /etc/crontab, /etc/cron.d/e2scrub_all",)
    assert gaps == []


def test_a_packages_file_that_the_image_changed_is_the_applications():
    files = {"/etc/crontab": DEBIAN_TABLE + "* * * * * app tick\n",
             "/var/lib/dpkg/status": STATUS.format(crontab="2" * 32, e2scrub="", passbolt="")}  # fmt: skip
    daemon, [entry], _ = run(files=files)
    assert (entry.command.argv[-1], str(entry.evidence), daemon.notes) == ("tick", "/etc/crontab:5", ())


def test_well_known_names_where_no_database_is_at_hand():
    daemon, entries, _ = run(files={"/etc/cron.d/php": LINE, "/etc/cron.d/e2scrub_all": LINE, "/etc/cron.d/app": LINE})
    assert [e.evidence.path for e in entries] == ["/etc/cron.d/app"]
    assert "/etc/cron.d/e2scrub_all, /etc/cron.d/php" in daemon.notes[0]


def test_only_the_distributions_entries_leave_a_daemon_with_a_note():
    daemon, entries, gaps = run(files={"/etc/cron.d/php": LINE})
    assert (entries, gaps) == ([], [])
    assert daemon.notes == (
        "nothing of the application's for it to run", "left out, as packages brought it: /etc/cron.d/php",
    )  # fmt: skip


def test_periodic_folders():
    daemon, entries, gaps = run(
        files={
            "/etc/crontab": DEBIAN_TABLE, "/etc/cron.hourly/sync": "x", "/etc/cron.daily/backup": "x",
            "/etc/cron.daily/report.sh": "x", "/etc/cron.daily/dpkg": "x", "/etc/cron.weekly/never": "x",
            "/etc/cron.daily/.placeholder": "",
        }
    )  # fmt: skip
    assert [(e.name, e.command.argv, e.schedule, e.user, str(e.evidence)) for e in entries] == [
        ("backup", ("/etc/cron.daily/backup",), "@daily", "root", "/etc/cron.daily/backup"),
        ("sync", ("/etc/cron.hourly/sync",), "@hourly", "root", "/etc/cron.hourly/sync"),
    ]
    assert [(g.evidence.path, g.what) for g in gaps] == [
        ("/etc/cron.daily/report.sh", "run-parts passes over it because of its name"),
        ("/etc/cron.weekly", "nothing that was read runs the scripts of /etc/cron.weekly"),
    ]
    assert "/etc/cron.daily/dpkg" in daemon.notes[0]


def test_periodic_scripts_that_are_not_executable():
    _, entries, gaps = run(files={"/etc/crontab": DEBIAN_TABLE, "/etc/cron.daily/backup": "x"}, executable=False)
    assert entries == []
    assert gaps[0].what == "run-parts passes over it: it is not executable"


def test_periodic_folders_where_the_distributions_crontab_is_not_at_hand():
    _, [entry], gaps = run(files={"/etc/cron.daily/backup": "x"}, base="debian:12")
    assert (entry.schedule, gaps) == ("@daily", [])


def test_a_folder_of_ones_own():
    files = {
        "/etc/cron.d/app": "*/7 * * * * app run-parts /srv/jobs\n",
        "/srv/jobs/cron.one": "x",
        "/srv/jobs/two": "x",
    }
    _, entries, gaps = run(files=files, nodes={"/srv/jobs/two": text_node("x", 0o755)})
    assert [(e.schedule, e.user, e.evidence.path) for e in entries] == [("*/7 * * * *", "app", "/srv/jobs/two")]
    assert [g.evidence.path for g in gaps] == ["/srv/jobs/cron.one"]


@pytest.mark.parametrize(
    ("argv", "files", "base"),
    [
        pytest.param("crond -f", {"/etc/crontabs/app": "0 8 * * * ./cli\n"}, "alpine:3.20", id="alpine"),
        pytest.param("crond -f -l 2", {"/etc/crontabs/app": "0 8 * * * ./cli\n"}, "", id="by its options"),
        pytest.param("busybox crond -f -S -l 5", {"/etc/crontabs/app": "0 8 * * * ./cli\n"}, "x", id="by its name"),
        pytest.param("crond -f -c tabs", {"/srv/tabs/app": "0 8 * * * ./cli\n"}, "", id="a folder of its own"),
        pytest.param("crond -f", {"/etc/alpine-release": "3", "/var/spool/cron/crontabs/app": "0 8 * * * ./cli\n"}, "",
                     id="the spool"),
        pytest.param("crond -n", {"/var/spool/cron/app": "0 8 * * * ./cli\n"}, "rockylinux:9", id="cronie"),
    ],
)  # fmt: skip
def test_crond(argv, files, base):
    daemon, entries, _ = run(argv, files, base=base)
    assert [(e.user, e.schedule, e.command.argv[-1]) for e in entries] == [("app", "0 8 * * *", "./cli")]
    assert daemon.name == "crond"


def test_busybox_has_no_cron_d_and_no_percent_signs():
    _, entries, gaps = run("crond -f", {"/etc/crontabs/root": "FOO=1\nMAILTO=x\n0 1 * * * date +%F\n",
                                        "/etc/cron.d/app": LINE}, base="alpine")  # fmt: skip
    assert [(e.command.argv[-1], dict(e.env)) for e in entries] == [("date +%F", {"MAILTO": "x"})]
    assert [g.what for g in gaps] == ["busybox crond passes over the variable FOO"]


def test_alpines_spool_is_a_link_to_the_same_files():
    link = Node("link", 0o777, target="/etc/crontabs")
    _, entries, _ = run("crond -f", {"/etc/crontabs/app": "@daily x\n", "/etc/alpine-release": "3"},
                        nodes={"/var/spool/cron/crontabs": link})  # fmt: skip
    assert len(entries) == 1


def test_alpines_periodic_folders():
    files = {"/etc/alpine-release": "3", "/etc/crontabs/root": "*/15\t*\t*\t*\t*\trun-parts /etc/periodic/15min\n"}
    nodes = {"/etc/periodic/15min/poll": text_node("x", 0o755)}
    _, [entry], _ = run("crond -f", files, nodes=nodes)
    assert (entry.schedule, entry.command.argv) == ("*/15 * * * *", ("/etc/periodic/15min/poll",))


@pytest.mark.parametrize(
    ("line", "schedule", "command"),
    [
        pytest.param("*/5 * * * * php x.php", "*/5 * * * *", "php x.php", id="five fields"),
        pytest.param("0 30 * * * * * run", "0 30 * * * * *", "run", id="seven, seconds first"),
        pytest.param("30 1 * * * 2030 run", "30 1 * * * 2030", "run", id="six, the year last"),
        pytest.param("@hourly /restic.sh backup", "@hourly", "/restic.sh backup", id="a nickname"),
        pytest.param("0 1 L * ? run", "0 1 L * ?", "run", id="the last day"),
        pytest.param("0 1 * * * date +%F", "0 1 * * *", "date +%F", id="a percent sign is one"),
    ],
)
def test_supercronic(line, schedule, command):
    daemon, [entry], gaps = run("supercronic -quiet -sentry-dsn x tab", {"/srv/tab": f"# ==\nA=1\n{line}\n"})
    assert (entry.schedule, entry.command.argv[-1], entry.user) == (schedule, command, "")
    assert (dict(entry.env), str(entry.evidence)) == ({"A": "1"}, "/srv/tab:3")
    assert (daemon.command.argv[0], gaps) == ("supercronic", [])


def test_a_crontab_that_is_not_there():
    daemon, entries, gaps = run("supercronic /nowhere", base="x")
    assert (daemon.name, entries) == ("supercronic", [])
    assert (gaps[0].evidence.path, gaps[0].what.split(";")[0]) == ("/nowhere", "the crontab is not in the image")
    assert run("supercronic $TAB")[2][0].what == "which crontab $TAB is shows only when it runs"


def test_go_crond():
    nodes = {"/jobs/nightly": text_node("x", 0o755)}
    files = {"/srv/tab": "@every 10m a\n", "/srv/sys": "0 1 * * * app b\n", "/etc/cron.d/app": LINE}
    argv = "go-crond --no-auto --run-parts=1h:app:/jobs app:/srv/tab sys"
    _, entries, gaps = run(argv, files, nodes=nodes)
    assert [(e.schedule, e.user, e.command.argv[-1]) for e in entries] == [
        ("@every 10m", "app", "a"), ("0 1 * * *", "app", "b"), ("@every 1h", "app", "/jobs/nightly"),
    ]  # fmt: skip
    assert gaps == []
    _, entries, _ = run("go-crond --allow-unprivileged", files)
    assert [e.name for e in entries] == ["heartbeat"]


def test_yacron():
    text = """
defaults:
  environment: [{key: TZ, value: UTC}]
jobs:
  - name: nightly
    command: php artisan report
    shell: /bin/bash
    schedule: "0 3 * * *"
    timezone: Europe/Berlin
  - name: poll
    command: [python3, poll.py]
    schedule: {minute: "*/2"}
    environment: []
  - name: broken
"""
    _, [nightly, poll], [gap] = run("yacron -c y.yml", {"/srv/y.yml": text})
    assert (nightly.command.argv, nightly.schedule) == (("/bin/bash", "-c", "php artisan report"), "0 3 * * *")
    assert (dict(nightly.env), str(nightly.evidence), nightly.notes) == (
        {"TZ": "UTC"}, "/srv/y.yml:5", ("timezone: Europe/Berlin",),
    )  # fmt: skip
    assert (poll.command.argv, poll.schedule) == (("python3", "poll.py"), "*/2 * * * *")
    assert gap.what.startswith("a job of yacron needs a name")
    assert "yacron cannot read it" in run("yacron -c y.yml", {"/srv/y.yml": "a: [\n"})[2][0].what
    assert run("yacron")[2][0].evidence.path == "/etc/yacron.d"


def test_fcron():
    _, entries, gaps = run("fcron -f", {"/var/spool/fcron/app.orig": "&bootrun 0 4 * * * a\n% hourly b\n",
                                        "/var/spool/fcron/app": "binary"})  # fmt: skip
    assert [(e.user, e.command.argv[-1]) for e in entries] == [("app", "a")]
    assert gaps[0].what == "this form of fcron is not read"


def test_files_that_cannot_be_read():
    nodes = {
        "/etc/cron.d/binary": Node("file", size=3, data=lambda: b"\0\1\2"),
        "/etc/cron.d/loop": Node("link", target="loop"),
        "/etc/crontab": Node("other"),
    }
    _, entries, gaps = run(nodes=nodes)
    assert entries == []
    assert sorted(g.evidence.path for g in gaps) == ["/etc/cron.d/binary", "/etc/cron.d/loop", "/etc/crontab"]


def test_a_time_zone_is_said():
    _, [entry], _ = run(files={"/etc/cron.d/app": "CRON_TZ=Asia/Tokyo\n0 1 * * * app x\n"})
    assert entry.notes == ("in the time zone Asia/Tokyo",)


def test_every_dialect_takes_a_plain_line():
    for dialect in ("vixie", "busybox", "supercronic", "go-crond", "fcron"):
        [entry] = _crontab.parse("1 2 3 4 5 x\n", dialect)
        assert (entry.schedule, entry.command) == ("1 2 3 4 5", "x")
