"""What a build would make of a folder with a Dockerfile: each instruction, and what stays unknown."""

import io
import tarfile

import pytest

from splitter.errors import SplitterError
from splitter.inspection import static
from splitter.model.image import Healthcheck
from splitter.sources import Options, open_source

FILES = {
    "start.sh": "#!/bin/sh\nexec puma\n",
    "conf/a.conf": "[program:a]\n",
    "conf/b.conf": "[program:b]\n",
    "conf/deep/c.conf": "[program:c]\n",
    "conf/notes.txt": "notes\n",
    "README.md": "read me\n",
    ".hidden": "dot\n",
}


@pytest.fixture
def built(tmp_path):
    """built(text): the image of a Dockerfile in a folder with FILES; `ignore` is its .dockerignore."""

    def open_(text, ignore=None, files=None, **options):
        for name, content in {**FILES, **(files or {}), "Dockerfile": text}.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
        if ignore is not None:
            (tmp_path / ".dockerignore").write_text(ignore)
        return open_source(f"dockerfile:{tmp_path}", Options(**options))

    return open_


def lines(*text):
    return "\n".join(("FROM scratch", *text, ""))


CONFIG = {
    "ENV with a space": (lines("ENV A b c"), {"env": {"A": "b c"}}),
    "ENV with equals, quotes and several": (
        lines("ENV A=1 B='x y' C=\"$NONE z\" D=a\\ b"),
        {"env": {"A": "1", "B": "x y", "C": " z", "D": "a b"}},
    ),
    "ENV of one line sees the values before it": (
        lines("ENV A=1", "ENV A=2 B=$A", "ENV C=${A}x"),
        {"env": {"A": "2", "B": "1", "C": "2x"}},
    ),
    "defaults, alternatives and patterns": (
        lines("ENV V=1.2.3", "ENV A=${X:-d} B=${V:+y} C=${V#*.} D=${V%%.*} E=${V/./-} F=\\$V"),
        {"env": {"V": "1.2.3", "A": "d", "B": "y", "C": "2.3", "D": "1", "E": "1-2.3", "F": "$V"}},
    ),
    "ARG gives a value to what follows it": (lines("ARG V=1", "ENV A=$V"), {"env": {"A": "1"}}),
    "ENV goes before ARG": (lines("ENV V=env", "ARG V=arg", "ENV A=$V"), {"env": {"V": "env", "A": "env"}}),
    "an outer ARG is seen inside when it is named again": (
        "ARG V=1 W=2\nFROM scratch\nARG V\nENV A=$V B=$W\n",
        {"env": {"A": "1", "B": ""}},
    ),
    "the platform's own arguments": (
        lines("ARG TARGETARCH", "ENV A=$TARGETARCH"),
        {"env": {"A": "amd64"}},
    ),
    "WORKDIR is relative to the one before": (lines("WORKDIR /a", "WORKDIR b/../c"), {"workdir": "/a/c"}),
    "USER with a variable": (lines("ENV U=app", "USER $U:www"), {"user": "app:www"}),
    "EXPOSE with ranges and protocols": (
        lines("EXPOSE 80/tcp 53/udp", "EXPOSE 8000-8002 80"),
        {"ports": ("80", "53/udp", "8000", "8001", "8002")},
    ),
    "a VOLUME of no folder": (lines("VOLUME []"), {"volumes": ()}),
    "VOLUME in both forms": (lines('VOLUME ["/a", "/b c"]', "VOLUME /d /a"), {"volumes": ("/a", "/b c", "/d")}),
    "STOPSIGNAL": (lines("ARG S=QUIT", "STOPSIGNAL SIG$S"), {"stop_signal": "SIGQUIT"}),
    "LABEL": (lines('LABEL a="b c" d=e'), {"labels": {"a": "b c", "d": "e"}}),
    "HEALTHCHECK as a shell line": (
        lines("HEALTHCHECK --interval=5s --timeout=3s --start-period=1m --retries=4 CMD curl -f localhost || exit 1"),
        {"healthcheck": Healthcheck(("CMD-SHELL", "curl -f localhost || exit 1"), "5s", "3s", "1m", 4)},
    ),
    "HEALTHCHECK as a list, over lines": (
        lines("HEALTHCHECK --interval=5s \\", '  CMD ["curl", "-f"]'),
        {"healthcheck": Healthcheck(("CMD", "curl", "-f"), "5s")},
    ),
    "HEALTHCHECK NONE": (lines("HEALTHCHECK NONE"), {"healthcheck": Healthcheck(("NONE",))}),
    "CMD in both forms": (lines("CMD a b", 'CMD ["c", "d e"]'), {"cmd": ("c", "d e")}),
    "CMD of the shell form runs the shell": (lines("CMD exec a $B"), {"cmd": ("/bin/sh", "-c", "exec a $B")}),
    "a list with a mistake is a shell line, as docker has it": (
        lines("CMD ['a', 'b']"),
        {"cmd": ("/bin/sh", "-c", "['a', 'b']")},
    ),
    "SHELL is the shell of what follows": (
        lines('SHELL ["/bin/bash", "-ec"]', "ENTRYPOINT run it"),
        {"entrypoint": ("/bin/bash", "-ec", "run it")},
    ),
    "an ENTRYPOINT takes away the CMD of the stage before": (
        'FROM scratch AS a\nCMD ["x"]\nFROM a\nENTRYPOINT ["/e"]\n',
        {"entrypoint": ("/e",), "cmd": ()},
    ),
    "an ENTRYPOINT keeps a CMD of its own stage": (
        lines('CMD ["x"]', 'ENTRYPOINT ["/e"]'),
        {"entrypoint": ("/e",), "cmd": ("x",)},
    ),
    "a backtick that escapes": (
        "# escape=`\nFROM scratch\nENV A=1 `\n  B=c:\\x\n",
        {"env": {"A": "1", "B": "c:\\x"}},
    ),
    "comments and blank lines within an instruction": (
        lines("ENV A=1 \\", "# about B", "", "  B=2"),
        {"env": {"A": "1", "B": "2"}},
    ),
    "Windows line ends": (
        "FROM scratch\r\nENV A=1 \\\r\n  B=2\r\nUSER x\r\n",
        {"env": {"A": "1", "B": "2"}, "user": "x"},
    ),
    "small letters": ("from scratch as x\nenv A=1\n", {"env": {"A": "1"}}),
    "a heredoc after a mark of order": ("# syntax=docker/dockerfile:1\n\n\nFROM scratch\nUSER x\n", {"user": "x"}),
    "a stage inherits configuration": (
        "FROM scratch AS a\nENV A=1\nWORKDIR /w\nUSER u\nEXPOSE 1\nFROM a AS b\nENV B=$A\n",
        {"env": {"A": "1", "B": "1"}, "workdir": "/w", "user": "u", "ports": ("1",)},
    ),
    "ONBUILD waits for the stage that starts from it": (
        "FROM scratch AS a\nONBUILD ENV A=1\nONBUILD RUN echo hi > /hi\nFROM a\n",
        {"env": {"A": "1"}},
    ),
    "ONBUILD does nothing in its own stage": (lines("ONBUILD ENV A=1"), {"env": {}}),
}


@pytest.mark.parametrize(("text", "expected"), CONFIG.values(), ids=CONFIG)
def test_configuration(built, text, expected):
    image = built(text)
    found = {key: getattr(image.config, key) for key in expected}
    assert {k: dict(v) if isinstance(v, dict) else v for k, v in found.items()} == expected
    assert not image.gaps


# What stands at some paths afterwards: text, None (nothing), or a number (the mode).
TREE = {
    "COPY of a file": (lines("COPY start.sh /usr/bin/start"), {"/usr/bin/start": FILES["start.sh"]}),
    "COPY into a folder that is told by its slash": (lines("COPY start.sh /x/"), {"/x/start.sh": FILES["start.sh"]}),
    "COPY into a folder that is there": (lines("WORKDIR /x", "COPY start.sh /x"), {"/x/start.sh": FILES["start.sh"]}),
    "COPY of several": (
        lines("COPY start.sh README.md /x/"),
        {"/x/start.sh": FILES["start.sh"], "/x/README.md": "read me\n"},
    ),
    "COPY of a folder copies what is in it": (
        lines("COPY conf /etc/conf"),
        {"/etc/conf/a.conf": "[program:a]\n", "/etc/conf/deep/c.conf": "[program:c]\n", "/etc/conf/conf": None},
    ),
    "COPY of a folder over one keeps what is there": (
        lines("COPY start.sh /e/start.sh", "COPY conf /e"),
        {"/e/start.sh": FILES["start.sh"], "/e/a.conf": "[program:a]\n"},
    ),
    "a pattern": (lines("COPY conf/*.conf /e/"), {"/e/a.conf": "[program:a]\n", "/e/notes.txt": None, "/e/deep": None}),
    "a pattern that matches names with a dot": (
        lines("COPY * /e/"),
        {"/e/.hidden": "dot\n", "/e/a.conf": "[program:a]\n"},
    ),
    "a class in a pattern": (lines("COPY conf/[^a].conf /e/"), {"/e/b.conf": "[program:b]\n", "/e/a.conf": None}),
    "COPY . with WORKDIR": (
        lines("WORKDIR /app", "COPY . ."),
        {"/app/conf/a.conf": "[program:a]\n", "/app/.hidden": "dot\n"},
    ),
    "COPY as a list": (lines('COPY ["start.sh", "/a b"]'), {"/a b": FILES["start.sh"]}),
    "COPY --chmod": (
        lines("COPY --chmod=755 start.sh /s", "COPY --chmod=u=rwx,go=rx conf /c"),
        {"/s": 0o755, "/c/a.conf": 0o755},
    ),
    "COPY --parents": (
        lines("COPY --parents conf/deep/c.conf start.sh /p/"),
        {"/p/conf/deep/c.conf": "[program:c]\n", "/p/start.sh": FILES["start.sh"]},
    ),
    "COPY --parents from a pivot": (
        lines("COPY --parents conf/./deep/c.conf /p/"),
        {"/p/deep/c.conf": "[program:c]\n", "/p/conf": None},
    ),
    "COPY --exclude": (
        lines("COPY --exclude=*.txt --exclude=deep conf /e"),
        {"/e/a.conf": "[program:a]\n", "/e/notes.txt": None, "/e/deep": None},
    ),
    "a heredoc as a file": (
        lines("COPY <<EOF /etc/run", "#!/bin/sh", "exec $X", "EOF"),
        {"/etc/run": "#!/bin/sh\nexec \n"},
    ),
    "a quoted heredoc keeps its dollars": (lines("COPY <<'EOF' /r", "exec $X", "EOF"), {"/r": "exec $X\n"}),
    "heredocs into a folder, with tabs taken off": (
        lines("COPY <<-one <<two /d/", "\t1", "\tone", "2", "two"),
        {"/d/one": "1\n", "/d/two": "2\n"},
    ),
    "a heredoc beside a file": (
        lines("COPY <<x start.sh /d/", "1", "x"),
        {"/d/x": "1\n", "/d/start.sh": FILES["start.sh"]},
    ),
    "COPY --from a stage by name and by number": (
        "FROM scratch AS one\nCOPY start.sh /s\nFROM scratch\nCOPY --from=one /s /a\nCOPY --from=0 /s /b\n",
        {"/a": FILES["start.sh"], "/b": FILES["start.sh"], "/s": None},
    ),
    "a stage starts with the files of another, which keeps its own": (
        "FROM scratch AS a\nRUN echo 1 > /a\nFROM a AS b\nRUN echo 2 > /a\nFROM a\n",
        {"/a": "1\n"},
    ),
    "WORKDIR makes its folder": (lines("WORKDIR /made/here"), {"/made/here": 0o755}),
    "COPY over a link goes where it leads": (
        lines("RUN mkdir -p /real && ln -s /real /link", "COPY start.sh /link/"),
        {"/real/start.sh": FILES["start.sh"], "/link/start.sh": FILES["start.sh"]},
    ),
    "ONBUILD COPY takes from the context of the build": (
        "FROM scratch AS a\nONBUILD COPY conf \\\n  /e\nFROM a\n",
        {"/e/a.conf": "[program:a]\n"},
    ),
    "RUN mkdir, echo and chmod": (
        lines(
            "RUN mkdir -p /etc/service/web && echo '#!/bin/sh' > /etc/service/web/run \\",
            " && printf 'exec %s\\n' puma >> /etc/service/web/run && chmod +x /etc/service/web/run",
        ),
        {"/etc/service/web/run": "#!/bin/sh\nexec puma\n"},
    ),
    "RUN with a heredoc for cat": (lines("RUN cat > /r <<'EOF'", "exec $X", "EOF"), {"/r": "exec $X\n"}),
    "RUN with a heredoc as the script": (
        lines("RUN <<EOF", "mkdir /d", "echo 1 > /d/one", "cp /d/one /d/two", "EOF"),
        {"/d/one": "1\n", "/d/two": "1\n"},
    ),
    "RUN ln, mv, rm and touch": (
        lines("COPY conf /c", "RUN ln -s /c/a.conf /l; mv /c/b.conf /m; rm -rf /c/deep; touch /t; cp -r /c /k"),
        {
            "/l": "[program:a]\n",
            "/m": "[program:b]\n",
            "/c/b.conf": None,
            "/c/deep": None,
            "/t": "",
            "/k/a.conf": "[program:a]\n",
        },
    ),
    "RUN find with -exec": (
        lines(
            "COPY conf /c",
            "RUN mkdir /on && find /c -maxdepth 1 -type f -name '*.conf' ! -name 'b*' -exec ln -s -t /on {} +",
        ),
        {"/on/a.conf": "[program:a]\n", "/on/b.conf": None, "/c/b.conf": "[program:b]\n"},
    ),
    "RUN find with -delete": (
        lines("COPY conf /c", "RUN find /c -name 'b.*' -delete"),
        {"/c/a.conf": "[program:a]\n", "/c/b.conf": None},
    ),
    "RUN rsync of what is in a folder": (
        lines("WORKDIR /tmp", "COPY conf /tmp/etc/c", "RUN rsync -a /tmp/ /"),
        {"/etc/c/a.conf": "[program:a]\n"},
    ),
    "RUN rsync of a folder": (
        lines("COPY conf /c", "RUN mkdir /k && rsync -rv /c /k"),
        {"/k/c/a.conf": "[program:a]\n"},
    ),
    "RUN with sed in place": (
        lines("COPY conf /c", "RUN sed -i 's/program:a/program:z/' /c/a.conf"),
        {"/c/a.conf": "[program:z]\n"},
    ),
    "RUN in a loop": (
        lines("RUN for s in a b; do mkdir -p /s/$s; echo $s > /s/$s/run; done"),
        {"/s/a/run": "a\n", "/s/b/run": "b\n"},
    ),
    "RUN with cd and the working folder": (lines("WORKDIR /w", "RUN mkdir x && cd x && echo 1 > y"), {"/w/x/y": "1\n"}),
    "RUN with ARG and ENV": (lines("ARG V=1", "ENV E=2", 'RUN echo "$V$E" > /v'), {"/v": "12\n"}),
    "RUN as a list": (
        lines('RUN ["mkdir", "/a b"]', 'RUN ["/bin/sh", "-c", "echo 1 > /one"]'),
        {"/a b": 0o755, "/one": "1\n"},
    ),
    "RUN of a script that is at hand": (
        lines("COPY <<EOF /i.sh", "#!/bin/sh", "echo $1 > /made", "EOF", "RUN sh /i.sh now"),
        {"/made": "\n"},
    ),
    "RUN of a quoted script that is at hand": (
        lines("COPY <<'EOF' /i.sh", "#!/bin/sh", "echo $1 > /made", "EOF", "RUN sh /i.sh now"),
        {"/made": "now\n"},
    ),
    "RUN with files that are mounted for it": (
        lines("RUN --mount=type=bind,source=conf,target=/m cp /m/a.conf /a"),
        {"/a": "[program:a]\n", "/m": None},
    ),
    "RUN with a cache mount leaves nothing in it": (
        lines("RUN --mount=type=cache,target=/cache echo 1 > /cache/x && echo 2 > /y"),
        {"/cache/x": None, "/y": "2\n"},
    ),
    "file commands between others take effect": (
        lines("RUN apt-get update && apt-get install -y nginx && mkdir -p /x && echo y > /x/z"),
        {"/x/z": "y\n"},
    ),
    "accounts are made": (
        lines("RUN useradd -r -u 999 app", "COPY --chown=app start.sh /s"),
        {"/s": FILES["start.sh"]},
    ),
    "s6-overlay that is added and unpacked makes /init known": (
        lines("ADD https://x/s6-overlay-noarch.tar.xz /tmp", "RUN tar -C / -Jxpf /tmp/s6-overlay-noarch.tar.xz"),
        {"/init": 0o755},
    ),
    "s6-overlay that a RUN fetches makes /init known": (
        lines("RUN wget -qO- https://x/s6-overlay-amd64.tar.gz | tar xz -C /"),
        {"/init": 0o755},
    ),
}


@pytest.mark.parametrize(("text", "expected"), TREE.values(), ids=TREE)
def test_files(built, text, expected):
    image = built(text)
    found = {}
    for path, what in expected.items():
        node = image.node(path)
        found[path] = (node.mode if node else None) if isinstance(what, int) else image.read(path)
    assert found == expected
    assert not image.gaps


IGNORE = {
    "a name": ("README.md", {"README.md": False, "start.sh": True}),
    "a folder": ("conf", {"conf/a.conf": False}),
    "a pattern at the top does not reach below": ("*.conf", {"conf/a.conf": True}),
    "a pattern at any depth": ("**/*.conf", {"conf/a.conf": False, "conf/deep/c.conf": False, "conf/notes.txt": True}),
    "an exception": ("conf\n!conf/b.conf", {"conf/a.conf": False, "conf/b.conf": True}),
    "the last line that matches decides": ("!README.md\n*.md", {"README.md": False}),
    "everything but": ("*\n!start.sh\n!conf/deep", {"start.sh": True, "conf/deep/c.conf": True, "conf/a.conf": False}),
    "comments, slashes and blank lines": (
        "# start.sh\n\n/README.md\nconf/deep/\n",
        {"start.sh": True, "README.md": False, "conf/deep/c.conf": False},
    ),
}


@pytest.mark.parametrize(("ignore", "expected"), IGNORE.values(), ids=IGNORE)
def test_dockerignore(built, ignore, expected):
    image = built(lines("COPY . /c/"), ignore)
    assert {name: image.is_file(f"/c/{name}") for name in expected} == expected


def test_a_file_that_dockerignore_leaves_out_is_a_gap_that_says_so(built):
    image = built(lines("COPY README.md /", "COPY gone /"), "README.md")
    assert [g.what for g in image.gaps] == [
        "COPY README.md: left out by .dockerignore",
        "COPY gone: not in the context",
    ]
    assert [str(g.evidence) for g in image.gaps] == ["Dockerfile:2", "Dockerfile:3"]


def test_a_dockerignore_of_its_own_goes_first(built, tmp_path):
    (tmp_path / "Dockerfile.dockerignore").write_text("start.sh")
    image = built(lines("COPY . /"), "README.md")
    assert (image.is_file("/start.sh"), image.is_file("/README.md")) == (False, True)


def test_owners(built):
    image = built(
        lines(
            "RUN groupadd -g 7 web && useradd -u 999 -g web app",
            "COPY --chown=app start.sh /a",
            "COPY --chown=5:6 start.sh /b",
            "COPY --chown=app:web conf /c",
        )
    )
    owner = {p: (image.node(p).uid, image.node(p).gid) for p in ("/a", "/b", "/c", "/c/deep/c.conf")}
    assert owner["/b"] == (5, 6)
    assert owner["/a"][0] == 999
    assert owner["/c"] == owner["/c/deep/c.conf"] == (999, 7)


@pytest.mark.parametrize("how", ["w", "w:gz", "w:xz"])
def test_add_lays_a_local_archive_open_and_nothing_leaves_the_target(built, how):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode=how) as tar:
        for name, text in (("etc/run", b"exec a\n"), ("../../out", b"1")):
            member = tarfile.TarInfo(name)
            member.size = len(text)
            tar.addfile(member, io.BytesIO(text))
    image = built(lines("ADD rootfs.tar /x", "COPY rootfs.tar /y"), files={"rootfs.tar": out.getvalue()})
    assert image.read("/x/etc/run") == "exec a\n"
    assert (image.node("/out"), image.is_file("/x/out")) == (None, True)
    assert image.is_file("/y")


def test_add_of_a_zstd_archive_is_a_gap_or_read(built):
    image = built(lines("ADD a.tar.zst /x"), files={"a.tar.zst": b"\x28\xb5\x2f\xfd" + bytes(40)})
    assert image.gaps or image.is_file("/x")


def test_add_of_a_damaged_archive_is_the_file_itself(built):
    assert built(lines("ADD start.sh /x"), files={"start.sh": b"\x1f\x8b\x08rest"}).is_file("/x")


# What a later reader that needs PATH is told.
NEEDS = {
    "what a base may bring": ("FROM acme/base:1\nRUN true\n", "/etc/x", "from the base image acme/base:1"),
    "what a RUN may make": (lines("RUN make install"), "/usr/bin/x", "Dockerfile:2 (make install)"),
    "what curl fetched, by its name": (
        "FROM acme/base:1\nRUN apt-get install x\nRUN curl -o /opt/start.sh https://x/y\n",
        "/opt/start.sh",
        "Dockerfile:3 (curl -o /opt/start.sh https://x/y)",
    ),
    "what git cloned into a folder": (
        "FROM debian\nRUN true && \\\n  git clone https://x/y /app\nRUN make\n",
        "/app/bin/run",
        "Dockerfile:2 (git clone https://x/y /app)",
    ),
    "what was unpacked into a folder": (
        "FROM debian\nRUN curl -L https://x/y.tgz | tar xz -C /opt/y\n",
        "/opt/y/etc/run",
        "Dockerfile:2 (curl -L https://x/y.tgz | tar xz -C /opt/y)",
    ),
    "what a script that is not at hand may make": (
        "FROM acme/base:1\nRUN apt-get update && /opt/x/setup --all\n",
        "/etc/web.conf",
        "it may come from the base image acme/base:1, or be made by Dockerfile:2 (/opt/x/setup",
    ),
    "what ADD fetches": (lines("ADD https://x/run.sh /run.sh"), "/run.sh", "ADD https://x/run.sh"),
    "what comes from another image": (
        lines("COPY --from=acme/tools /bin/t /bin/t"),
        "/bin/t",
        "COPY --from=acme/tools",
    ),
    "what comes from a stage that is not all known": (
        "FROM node AS ui\nRUN npm run build\nFROM scratch\nCOPY --from=ui /dist /dist\n",
        "/dist/index.html",
        "COPY --from=ui /dist",
    ),
}


@pytest.mark.parametrize(("text", "path", "said"), NEEDS.values(), ids=NEEDS)
def test_what_is_not_known_is_a_gap_only_where_it_is_needed(built, text, path, said):
    image = built(text)
    assert not image.gaps
    assert not image.complete
    assert said in image.missing(path).what


def test_what_is_all_known_is_complete(built):
    assert built(lines("COPY . /", "RUN mkdir /x && echo 1 > /x/y && chmod -R a+r /x")).complete


def test_a_known_base_brings_its_configuration_and_plumbing(built):
    image = built("ARG BASE=phusion/baseimage:noble-1.0.2\nFROM ${BASE}\nCOPY start.sh /etc/service/web/run\n")
    assert image.config.cmd == ("/sbin/my_init",)
    assert str(image.config.evidence("CMD")) == "base image phusion/baseimage:noble-1.0.2"
    assert image.names("/etc/service") == ("cron", "sshd", "syslog-forwarder", "syslog-ng", "web")
    assert image.base == "phusion/baseimage:noble-1.0.2"


def test_copy_from_a_known_base(built):
    image = built("FROM scratch\nCOPY --from=serversideup/php:8.3-fpm-nginx /etc/s6-overlay /etc/s6-overlay\n")
    assert "nginx" in image.names("/etc/s6-overlay/s6-rc.d")
    assert image.unread


def test_a_variable_that_only_an_unknown_base_could_set_is_a_gap(built):
    image = built("FROM acme/base:1\nCOPY start.sh $APP_HOME/start.sh\n")
    assert "$APP_HOME is set neither here" in image.gaps[0].what


def test_build_arguments_targets_and_other_files(built, tmp_path):
    text = "ARG BASE=a\nFROM $BASE AS one\nENV A=1\nFROM one AS two\nENV A=2\n"
    assert built(text, build_args={"BASE": "acme/b"}, target="one").base == "acme/b"
    assert built(text, target="ONE").config.env["A"] == "1"
    assert built(text, target="0").config.env["A"] == "1"
    assert built(text).config.env["A"] == "2"
    (tmp_path / "docker").mkdir()
    (tmp_path / "docker/Other").write_text(lines("COPY start.sh /s"))
    image = open_source(str(tmp_path), Options(file=str(tmp_path / "docker/Other")))
    assert image.is_file("/s")
    assert image.build.dockerfile == "docker/Other"


def test_evidence_has_the_line_of_each_command_of_a_run(built):
    image = built(lines("RUN true \\", "  && echo 1 > /a \\", "  # why", "  && echo 2 > /b", "COPY start.sh /c"))
    assert [str(image.node(p).origin) for p in ("/a", "/b", "/c")] == ["Dockerfile:3", "Dockerfile:5", "start.sh"]


def test_a_run_under_a_condition_that_is_not_known_changes_nothing_that_is_there(built):
    image = built(lines("RUN echo 1 > /a", 'RUN if [ -n "$(curl x)" ]; then echo 2 > /a; echo 3 > /b; fi'))
    assert (image.read("/a"), image.read("/b")) == ("1\n", "3\n")


WANTS, VENDOR = "/etc/systemd/system/multi-user.target.wants", "/usr/lib/systemd/system"
ENABLED = {
    "a unit of a package": ("systemctl enable httpd", {f"{WANTS}/httpd.service": f"{VENDOR}/httpd.service"}),
    "several, with an option": (
        "systemctl --now enable a.service b@1",
        {f"{WANTS}/a.service": f"{VENDOR}/a.service", f"{WANTS}/b@1.service": f"{VENDOR}/b@1.service"},
    ),
    "one that is disabled again": ("systemctl enable a && systemctl disable a", {f"{WANTS}/a.service": None}),
    "one that is masked": ("systemctl mask a", {"/etc/systemd/system/a.service": "/dev/null"}),
    "a unit at hand": (
        "printf '[Install]\\nWantedBy=app.target\\n' > /etc/systemd/system/own.service && systemctl enable own",
        {"/etc/systemd/system/app.target.wants/own.service": "/etc/systemd/system/own.service"},
    ),
    "the default target": (
        "systemctl set-default app.target", {"/etc/systemd/system/default.target": f"{VENDOR}/app.target"}
    ),
    "a service of OpenRC": ("rc-update add sshd", {"/etc/runlevels/default/sshd": "/etc/init.d/sshd"}),
    "in a runlevel": ("rc-update add crond boot", {"/etc/runlevels/boot/crond": "/etc/init.d/crond"}),
    "a site of Apache": (
        "a2ensite shop && a2enconf own.conf",
        {"/etc/apache2/sites-enabled/shop.conf": "/etc/apache2/sites-available/shop.conf",
         "/etc/apache2/conf-enabled/own.conf": "/etc/apache2/conf-available/own.conf"},
    ),
    "a site that is no more": ("a2ensite a && a2dissite a.conf", {"/etc/apache2/sites-enabled/a.conf": None}),
    "one that is taken out": ("rc-update add a && rc-update del a", {"/etc/runlevels/default/a": None}),
}  # fmt: skip


@pytest.mark.parametrize(("line", "links"), ENABLED.values(), ids=ENABLED)
def test_what_a_build_enables(built, line, links):
    image = built(lines(f"RUN {line}"))
    found = {path: image.tree.lookup(path) for path in links}
    assert {path: node.target if node else None for path, node in found.items()} == links
    assert all(node is None or str(node.origin).startswith("Dockerfile:2") for node in found.values())


@pytest.mark.parametrize("line", ["virtualenv -p python3 /env", "python3.11 -m venv /env", "uv venv /env"])
def test_a_virtual_environment_is_a_folder(built, line):
    image = built(lines(f"RUN {line}", "COPY start.sh /env"))
    assert image.read("/env/start.sh") == FILES["start.sh"]


def test_apache_reaches_the_php_fpm_whose_configuration_is_enabled(built):
    text = "FROM debian:12\nARG V=8.4\nRUN a2enmod proxy_fcgi && a2enconf php${V}-fpm\n"
    image = built(text + 'CMD ["sh", "-c", "php-fpm8.4 -F & exec apache2 -D FOREGROUND"]\n')
    assert [(c.kind, c.target, c.between) for c in static.read(image).couplings] == [
        ("socket", "/run/php/php8.4-fpm.sock", ("apache2", "php-fpm8.4"))
    ]


WRONG = {
    "an instruction that there is none": (lines("FORM x"), "Dockerfile:2: ", "unknown instruction: FORM"),
    "no FROM": ("# nothing\n", "Dockerfile", "no FROM|does not parse"),
    "an empty file": ("", "Dockerfile", "no FROM|does not parse"),
    "an instruction before FROM": ("RUN x\nFROM y\n", "Dockerfile:1: ", "before the first FROM"),
    "a FROM without its argument": ("FROM $BASE\n", "Dockerfile:1: ", "names no image"),
    "a variable that must be set": (lines("ENV A=1", "ENV B=${C:?gone}"), "Dockerfile:3: ", "C: gone"),
    "a substitution that does not end": (lines("ENV B=${C"), "Dockerfile:2: ", "ENV"),
    "a COPY without target": (lines("COPY x"), "Dockerfile:2: ", "COPY"),
    "a heredoc that does not end": (lines("RUN <<EOF", "x"), "Dockerfile:", "does not parse"),
    "a HEALTHCHECK of another kind": (lines("HEALTHCHECK GET /"), "Dockerfile:2: ", "CMD or NONE"),
    "a SHELL that is no list": (lines("SHELL bash"), "Dockerfile:2: ", "JSON"),
    "an ONBUILD of FROM": (lines("ONBUILD FROM x"), "Dockerfile:2: ", "ONBUILD"),
    "binary": (b"FROM\0x", "Dockerfile: ", "binary or too large"),
    "not UTF-8": (b"FROM x\nENV A=\xff\n", "Dockerfile:2: ", "not UTF-8"),
}


LEFT_OPEN = {
    "nothing says it": (None, "$BASE", "no value is given; --build-arg BASE=IMAGE"),
    "its builder's file says it": (
        ("build.yaml", "args:\n  BASE: alpine:3.20\n"), "alpine:3.20", "taken as alpine:3.20, which build.yaml says"
    ),
    "the file is none": (("build.yaml", "- [\n"), "$BASE", "no value is given; --build-arg"),
    "the file says something else": (("build.json", "[1]"), "$BASE", "no value is given; --build-arg"),
}  # fmt: skip


@pytest.mark.parametrize(("file", "base", "said"), LEFT_OPEN.values(), ids=LEFT_OPEN)
def test_a_base_that_is_left_to_the_builder(built, tmp_path, file, base, said):
    if file:
        (tmp_path / file[0]).write_text(file[1])
    image = built('ARG BASE\nFROM $BASE\nCMD ["x"]\n')
    assert image.base == base
    assert any(said in gap.what for gap in image.gaps)


def test_the_base_of_a_builder_by_platform(built, tmp_path):
    (tmp_path / "build.yaml").write_text("build_from:\n  aarch64: acme/arm:1\n  amd64: acme/amd64:1\n")
    assert built("ARG BUILD_FROM\nFROM ${BUILD_FROM}\n").base == "acme/amd64:1"


@pytest.mark.parametrize(("text", "at", "said"), WRONG.values(), ids=WRONG)
def test_a_dockerfile_that_does_not_parse(built, text, at, said):
    with pytest.raises(SplitterError, match=said) as caught:
        built(text)
    assert str(caught.value).startswith(at)
    assert caught.value.hint


def test_a_list_of_volumes_that_is_no_json_is_told_and_makes_no_volume_of_an_odd_name(built):
    image = built(lines("WORKDIR /app", "VOLUME ['/app/data', '/app/logs']"))
    assert image.config.volumes == ()
    assert [g.what[:17] for g in image.gaps] == ["VOLUME is no list"]


def test_services_behind_the_link_of_a_base_that_is_known_by_name_alone(built):
    text = "FROM phusion/baseimage:noble-1.0.3\nCOPY --chmod=755 start.sh /etc/runit/runsvdir/default/web/run\n"
    facts = static.read(built(text))
    assert {"web", "puma"} & {p.name for p in facts.processes}
    assert any("as Debian's package makes it" in g.what for g in facts.gaps)
