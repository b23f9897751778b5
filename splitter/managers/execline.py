"""execline runs a script as one chain: each command does its part and becomes the next, the last is the program.

`foreground`, `if` and the like run a block first, `background` beside; `cd`, `export`, `redirfd` change what the rest
sees; `importas` and others put values into the words that follow. A chain also stands alone as a plain command, as in
`s6-notifyoncheck cd /app prog`. Source: the documentation of each command of execline (skarnet.org/software/execline).
"""

import posixpath
from collections.abc import Iterator

from splitter.managers._execline import Unreadable, Word, options, parse, substitute
from splitter.managers._execline_chain import Chain, marked
from splitter.managers._execline_commands import STEPS
from splitter.managers._packaged import packaged
from splitter.managers._s6_init import overlay
from splitter.model.facts import Evidence, Gap, Process
from splitter.model.image import Image, normal

# Commands of execline that are nobody else's, with the number of words that make them more than a shell's builtin.
CHAINS = {
    **dict.fromkeys(("cd", "umask", "unexport", "wait", "trap", "fdclose", "getcwd", "getpid"), 3),
    **dict.fromkeys(
        ("export", "fdmove", "fdswap", "redirfd", "importas", "define", "backtick", "heredoc", "piperw"), 4
    ),
    **dict.fromkeys(
        (
            *("foreground", "background", "if", "ifelse", "ifte", "ifthenelse", "multisubstitute", "multidefine"),
            *("execline-cd", "posix-cd", "execline-umask", "posix-umask", "emptyenv", "envfile", "exportall", "homeof"),
            *(
                "pipeline",
                "loopwhilex",
                "forx",
                "forbacktickx",
                "forstdin",
                "fdreserve",
                "fdblock",
                "tryexec",
                "piperw",
            ),
            *("withstdinas", "elgetpositionals", "elglob", "runblock"),
        ),
        2,
    ),
}


def expand(process: Process, image: Image) -> list[Process | Gap] | None:
    argv = process.command.argv
    if overlay(process, image):
        return None  # version 2's /init is a script of execline, and the manager `s6` knows what it does
    try:
        words = _words(process, image)
        if words is not None:
            read = words[0]
            if words[1] in process.files:
                # Made at boot by a script: a variable that is left in it was put in as text there.
                read = [Word(marked(w.text), w.line) for w in read]
            return Chain(process, image, words[1], STEPS).run(read, process.name)
        if argv and len(argv) >= CHAINS.get(posixpath.basename(argv[0]), len(argv) + 1):
            line = process.evidence.line or 0
            late = bool(process.command.run)
            return Chain(process, image, "", STEPS).run(
                [Word(marked(w) if late else w, line) for w in argv], process.name
            )
    except Unreadable as error:
        path = next(_paths(process, image), process.evidence.path)
        return [Gap(f"execline cannot read this: {error}", Evidence(path, error.line))]
    return None


def _paths(process: Process, image: Image) -> Iterator[str]:
    """The file that is a script of execline, where the command is one."""
    argv = process.command.argv
    workdir = process.workdir or image.config.workdir or "/"
    if argv and posixpath.basename(argv[0]) == "execlineb":
        found, rest = options([Word(w, 0) for w in argv[1:]], "cSs")
        if "c" not in found and rest:
            yield normal(posixpath.join(workdir, rest[0].text))
    elif argv and (path := image.which(argv[0], workdir)):
        yield path


def _words(process: Process, image: Image) -> tuple[list[Word], str] | None:
    """The words of the script that a command is, with the file they stand in; None where it is none of execline."""
    argv = process.command.argv
    path = next(_paths(process, image), "")
    if argv and posixpath.basename(argv[0]) == "execlineb":
        flags, rest = options([Word(w, 0) for w in argv[1:]], "cSs")
        if "c" in flags:
            at = process.evidence.line or 1
            words = [Word(w.text, at + w.line - 1) for w in parse(flags["c"])]
            return _positional(words, flags, ["execlineb", *(w.text for w in rest)]), ""
        if not path:
            return None
        text = image.read(path)
        if not isinstance(text, str):
            raise Unreadable("the script is not at hand" if text is None else text.what, 1)
        return _positional(parse(text), flags, [w.text for w in rest]), path
    # with-contenv is a script of s6-overlay whose meaning is known: `wrappers` takes it off.
    taken = not path or posixpath.basename(argv[0]) == "with-contenv" or packaged(argv, path)
    text = None if taken else image.read(path)
    if not isinstance(text, str) or not text.startswith("#!"):
        return None
    interpreter = text[2:].split("\n", 1)[0].split()
    names = [posixpath.basename(word) for word in interpreter]
    if "execlineb" not in names:
        return None
    flags, _ = options([Word(w, 1) for w in interpreter[names.index("execlineb") + 1 :]], "cSs")
    return _positional(parse(text), flags, list(argv)), path


def _positional(words: list[Word], flags: dict[str, str], args: list[str]) -> list[Word]:
    """With the arguments in their places, where -S or -s asks for it (execlineb.c, myexlp)."""
    least = flags.get("S", flags.get("s", ""))
    if not least.isdecimal() or len(least) > 3 or not args:
        return words
    given = args[1:]
    count = max(len(given), int(least))
    values = {"#": [str(len(given))], "0": args[:1], "@": given[int(least) :] if "s" in flags else given}
    values |= {str(n): [given[n - 1] if n <= len(given) else ""] for n in range(1, min(count, 99) + 1)}
    return substitute(words, values)
