"""What a file command leaves behind, told without running it: `mkdir`, `cp`, `echo > file`, `sed -i`, `useradd` ..."""

import posixpath
from collections.abc import Callable, Mapping

from splitter.model.facts import Evidence
from splitter.model.image import Image, Node
from splitter.shell import _accounts, _files, _find, _texts
from splitter.shell._files import Work
from splitter.shell.arguments import NotKnown, absolute, globbed
from splitter.shell.calls import Call, Redirect, Word

Handler = Callable[[Work, tuple[Word, ...]], "str | None"]

# Programs that write to standard output and nowhere else; what they write is not known here.
FILTERS = frozenset((
    "awk", "base64", "basename", "cut", "date", "dirname", "env", "gawk", "getent", "grep", "egrep",
    "fgrep", "head", "hostname", "id", "jq", "ls", "md5sum", "mawk", "nproc", "openssl", "printenv", "pwd",
    "readlink", "realpath", "rev", "seq", "sha1sum", "sha256sum", "sort", "stat", "tac", "tail", "tr", "uname",
    "uniq", "wc", "which", "whoami", "xxd", "yq",
))  # fmt: skip

_MAKING: Mapping[str, Handler] = {**_texts.COMMANDS, **_files.COMMANDS, **_accounts.COMMANDS}
COMMANDS: Mapping[str, Handler] = {**_MAKING, "find": _find.command(_MAKING)}
PREFIXES = frozenset(("sudo", "command", "builtin", "busybox", "nice"))


def effects(call: Call, files: Image, *, posix_echo: bool = False) -> Mapping[str, Node | None] | None:
    """The entries that a call (with its pipeline) writes, by path, None for one that it removes.

    None: not a file command, or its result is not known. A file whose text is not known is there, and raises OSError
    when it is read. `files` are those at hand before the call; `posix_echo` says that the shell's `echo` reads
    backslashes (dash). Never raises on any call.
    """
    work = Work(files, call.cwd, Evidence(call.path, call.line), {**files.config.env, **call.env}, posix_echo)
    try:
        for one in (call, *call.pipe):
            work.cwd = one.cwd
            work.stdin = _run(one, work)
    except (NotKnown, RecursionError):
        return None
    return work.changes if work.touched else None


def _run(call: Call, work: Work) -> str | None:
    """One command of a pipeline; the text that goes on to the next, None where it is not known."""
    for redirect in call.redirects:
        if redirect.op in ("<<", "<<-", "<<<"):
            work.stdin = redirect.body
        elif redirect.op == "<" and redirect.fd in (None, 0):
            work.stdin = _texts.content(work, redirect.target)
    words = globbed(call.words, work.files, call.cwd) if call.cwd else call.words
    while len(words) > 1 and words[0].text in PREFIXES and not words[1].text.startswith("-"):
        words = words[1:]
    program = posixpath.basename(words[0].text)
    handler = COMMANDS.get(program)
    if handler is not None:
        out = handler(work, words[1:])
    elif program in FILTERS and words[0].known:
        out = None
    else:
        raise NotKnown(program)
    for redirect in call.redirects:
        if redirect.op in (">", ">>", ">|", "&>", "&>>", ">&") and redirect.fd in (None, 1):
            if _to_file(redirect):
                _write(work, redirect, out)
                out = ""
            elif redirect.target is not None and redirect.target.text == "/dev/null":
                out = ""
    return out


def _to_file(redirect: Redirect) -> bool:
    target = redirect.target
    if target is None or (redirect.op == ">&" and (target.text.isdigit() or target.text == "-")):
        return False
    return not target.text.startswith(("/dev/", "/proc/", "/sys/"))


def _write(work: Work, redirect: Redirect, text: str | None) -> None:
    target = redirect.target
    if target is None or not target.known:
        raise NotKnown("the file that is written")
    work.write(absolute(target.text, work.cwd), text, append=redirect.op in (">>", "&>>"))
