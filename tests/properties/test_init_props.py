"""No bytes in any file, and no words of a command, make wrappers, my_init, runit or cron raise."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from managing import process_of

from splitter.managers import _crontab, cron, my_init, runit, wrappers
from splitter.model.facts import Gap, Process
from splitter.model.image import Config, Image, MemoryTree, Node

PATHS = (
    "/etc/my_init.d/10", "/etc/rc.local", "/etc/container_environment/A", "/etc/service/web/run",
    "/etc/service/web/down",
    "/etc/service/web/log/run", "/etc/service/web/finish", "/etc/service/web/control/t", "/etc/service/web",
    "/etc/runit/1", "/etc/runit/2", "/etc/crontab", "/etc/cron.d/app", "/etc/cron.daily/job", "/etc/anacrontab",
    "/var/spool/cron/crontabs/app", "/etc/crontabs/root", "/var/spool/fcron/app.orig", "/tab", "/etc/yacron.d/x.yml",
    "/etc/passwd", "/etc/group", "/var/lib/dpkg/status", "/lib/apk/db/installed", "/env/A", "/env/B", "/sbin/my_init",
    "/etc/my_init.pre_shutdown.d/x", "/etc/redhat-release",
)  # fmt: skip
SNIPPETS = st.sampled_from((
    "* * * * * root run\n", "@daily app x\n", "A = 'b\n", "*/0,61 L ? * * x\n", "run-parts /etc/cron.daily\n",
    "%", "\\",
    "#!/bin/sh\n", "sv start web\n", "kill -9 1\n", "echo 1 > /etc/container_environment/A\n", "root:x:0:0::/:\n",
    "Package: x\nConffiles:\n /etc/crontab 0\n\n", "P:x\nF:etc\nR:crontab\nZ:Q1\n", "jobs:\n  - name: a\n",
    "\0", "\r\n",
    "* * * * * ", "- - - - - - -", "@every x y z\n", "defaults: [\n", "run-parts $X\n", "sv down .\n",
))  # fmt: skip
TEXTS = st.one_of(st.text(max_size=60), st.lists(SNIPPETS, max_size=6).map("".join))
CONTENTS = st.one_of(TEXTS.map(lambda t: t.encode("utf-8", "surrogatepass")), st.binary(max_size=40))
WORDS = st.one_of(
    st.sampled_from((
        *wrappers.READERS, *cron.READERS, "my_init", "runsvdir", "runsv", "runit", "busybox", "--", "-", "-u",
        "-e", "-P",
        "/env", "/etc/service", "/etc/service/web", "/tab", "app", "root:app", ":1:2", "-S", "A=b", "$X", "-c",
        "-i", "-r",
        "15:3", "--reuid=app", "--regid", "-/", "-m", "--skip-runit", "sh", "puma", "--run-parts=1m:app:/x", "/",
    )),
    st.text(max_size=8),
)  # fmt: skip


def broken(*_):
    raise OSError("gone")


@st.composite
def nodes(draw):
    kind = draw(st.sampled_from(("file", "file", "file", "link", "dir", "other", "broken")))
    if kind == "file":
        raw = draw(CONTENTS)
        return Node("file", draw(st.sampled_from((0o755, 0o644, 0o666))), size=len(raw), data=lambda: raw)
    if kind == "broken":
        return Node("file", 0o755, size=3, data=broken)
    return Node(kind, 0o755, target=draw(st.sampled_from((*PATHS, ".", "..", "x"))) if kind == "link" else "")


TREES = st.dictionaries(st.sampled_from(PATHS), nodes(), max_size=12)
COMMANDS = st.one_of(
    st.lists(WORDS, max_size=6),
    st.sampled_from(
        (
            ["/sbin/my_init"], ["my_init", "--", "x"], ["runsvdir", "/etc/service"], ["runit"], ["cron", "-f"],
            ["crond"],
            ["busybox", "crond"], ["supercronic", "/tab"], ["go-crond", "root:/tab"], ["yacron"], ["fcron"],
            ["chpst", "-u", "app", "-U", "app:x", "-e", "/env", "x"], ["envuidgid", "app", "x"],
            ["s6-envdir", "-f", "/env", "x"],
        )
    ),
)  # fmt: skip


@pytest.mark.parametrize("manager", [wrappers, my_init, runit, cron])
@given(tree=TREES, argv=COMMANDS, base=st.sampled_from(("", "alpine:3", "debian:12")))
def test_nothing_in_an_image_makes_a_manager_raise(manager, tree, argv, base):
    image = Image("x", Config(env={"A": "1"}, workdir="/srv"), MemoryTree(tree), base=base)
    got = manager.expand(process_of(argv), image)
    assert got is None or all(isinstance(x, (Process, Gap)) for x in got)
    assert got == manager.expand(process_of(argv), image)


@given(
    text=TEXTS, dialect=st.sampled_from(("vixie", "busybox", "supercronic", "go-crond", "fcron")), system=st.booleans()
)
def test_every_line_of_a_crontab_is_an_entry_a_setting_or_wrong(text, dialect, system):
    found = list(_crontab.parse(text, dialect, system=system))
    lines = text.split("\n")
    for one in found:
        assert 1 <= one.line <= len(lines)
        if isinstance(one, _crontab.Entry):
            assert one.command
            assert one.schedule
            assert bool(one.user) == system
    told = {one.line for one in found}
    for number, line in enumerate(lines, 1):
        quiet = not line.strip(" \t\f\v\r") or line.strip(" \t\f\v\r").startswith("#") or "=" in line
        assert quiet or number in told
