"""Users and groups: useradd, adduser, groupadd, addgroup and usermod, as lines of /etc/passwd and /etc/group."""

from splitter.shell._files import Work
from splitter.shell.arguments import Arguments, NotKnown, arguments
from splitter.shell.calls import Word

PASSWD, GROUP = "/etc/passwd", "/etc/group"
FIRST_ID = 1000  # login.defs(5): UID_MIN; system accounts count down from the id below it
LONG = (
    "uid", "gid", "groups", "home", "home-dir", "shell", "comment", "gecos", "base-dir", "skel", "expiredate",
    "inactive", "key", "password", "ingroup", "firstuid", "lastuid", "login",
)  # fmt: skip


def useradd(work: Work, words: tuple[Word, ...]) -> str:
    """useradd(8); adduser(8) of Debian and of busybox share what is read here."""
    got = arguments(words, takes="ugGdscbkefKp", long=LONG)
    name, _ = _name(got)
    system = got.has("r", "system")
    home = got.value("d", "home-dir", "home") or f"/home/{name}"
    return _user(
        work, got, name, system, home, got.value("s", "shell"), got.value("g", "gid"), got.value("G", "groups")
    )


def adduser(work: Work, words: tuple[Word, ...]) -> str:
    # In busybox's adduser -h is the home and -G the group; -S a system account, -D and -H take nothing.
    got = arguments(words, takes="hgsGuk", long=LONG)
    name, group = _name(got)
    if group:
        _join(work, group, [name])
        return _touched(work)
    home = got.value("h", "home") or f"/home/{name}"
    main = got.value("G", "ingroup", "gid")
    return _user(work, got, name, got.has("S", "system"), home, got.value("s", "shell"), main, None)


def _user(work: Work, got: Arguments, name: str, system: bool, home: str, shell: str | None, main: str | None,
          others: str | None) -> str:  # fmt: skip
    if _row(work, name, PASSWD) is None:
        wanted = got.value("u", "uid")
        uid = wanted if wanted and wanted.isdigit() else str(_free(work, PASSWD, system))
        gid = _gid(work, main) if main else None
        if gid is None:
            gid = _group(work, main or name, system, uid if main is None else None)
        comment = got.value("c", "comment", "gecos") or ""
        _append(work, PASSWD, f"{name}:x:{uid}:{gid}:{comment}:{home}:{shell or '/bin/sh'}")
    for other in (others or "").split(","):
        if other:
            _join(work, other, [name])
    return _touched(work)


def groupadd(work: Work, words: tuple[Word, ...]) -> str:
    got = arguments(words, takes="gKp", long=("gid", "key", "password"))
    name, _ = _name(got)
    if _row(work, name, GROUP) is None:
        _group(work, name, got.has("r", "system"), got.value("g", "gid"))
    return _touched(work)


def addgroup(work: Work, words: tuple[Word, ...]) -> str:
    got = arguments(words, takes="g", long=("gid", "firstgid", "lastgid"))
    name, group = _name(got)
    if group:
        _join(work, group, [name])
    elif _row(work, name, GROUP) is None:
        _group(work, name, got.has("S", "system"), got.value("g", "gid"))
    return _touched(work)


def usermod(work: Work, words: tuple[Word, ...]) -> str:
    """Only what joins groups or changes the id, home or shell of a user that is known."""
    got = arguments(words, takes="ugGdscelp", long=LONG)
    name, _ = _name(got)
    row = _row(work, name, PASSWD)
    for place, value in (
        (2, got.value("u", "uid")),
        (3, _gid(work, got.value("g", "gid") or "")),
        (5, got.value("d", "home", "home-dir")),
        (6, got.value("s", "shell")),
    ):
        if row is not None and value and len(row) > place:
            row[place] = value
    if row is not None:
        _replace(work, PASSWD, row)
    for group in (got.value("G", "groups") or "").split(","):
        if group:
            _join(work, group, [name])
    return _touched(work)


def _name(got: Arguments) -> tuple[str, str]:
    words = got.known()
    if not words or not words[0] or ":" in "".join(words) or "\n" in "".join(words):
        raise NotKnown("a name")
    return words[0], words[1] if len(words) > 1 else ""


def _text(work: Work, path: str) -> str:
    real = work.followed(path)
    node = work.at(real)
    if node is None:
        return "root:x:0:0:root:/root:/bin/sh\n" if path == PASSWD else "root:x:0:\n"
    text = work.text(real)
    if text is None:
        raise NotKnown(path)
    return text


def _rows(work: Work, path: str) -> list[list[str]]:
    return [line.split(":") for line in _text(work, path).splitlines()]


def _row(work: Work, name: str, path: str) -> list[str] | None:
    return next((row for row in _rows(work, path) if row[0] == name and len(row) >= 4), None)


def _gid(work: Work, group: str) -> str | None:
    if group.isdigit():
        return group
    row = _row(work, group, GROUP)
    return row[2] if row is not None else None


def _free(work: Work, path: str, system: bool) -> int:
    taken = {row[2] for row in _rows(work, path) if len(row) > 2}
    step, at = (-1, FIRST_ID - 1) if system else (1, FIRST_ID)
    while str(at) in taken:
        at += step
    return at


def _group(work: Work, name: str, system: bool, gid: str | None) -> str:
    taken = {row[2] for row in _rows(work, GROUP) if len(row) > 2}
    if not (gid and gid.isdigit() and gid not in taken):
        gid = gid if gid and gid.isdigit() else str(_free(work, GROUP, system))
    _append(work, GROUP, f"{name}:x:{gid}:")
    return gid


def _append(work: Work, path: str, line: str) -> None:
    text = _text(work, path)
    work.write(path, text + ("" if text.endswith("\n") or not text else "\n") + line + "\n")


def _replace(work: Work, path: str, row: list[str]) -> None:
    rows = [row if old[0] == row[0] else old for old in _rows(work, path)]
    work.write(path, "".join(":".join(old) + "\n" for old in rows))


def _join(work: Work, group: str, users: list[str]) -> None:
    row = _row(work, group, GROUP)
    if row is None:
        return
    members = [m for m in row[3].split(",") if m]
    _replace(work, GROUP, [*row[:3], ",".join(dict.fromkeys((*members, *users)))])


def _touched(work: Work) -> str:
    work.touched = True
    return ""


COMMANDS = {"useradd": useradd, "adduser": adduser, "groupadd": groupadd, "addgroup": addgroup, "usermod": usermod}
