"""Values as supervisor expands them: Python's `%` over names, shlex for lists; what is unknown stays a marked name."""

import re
import shlex
from dataclasses import dataclass

from splitter.model.facts import Process
from splitter.model.image import Image

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
# Stand around a variable's name whose value is not known, so that it is told from a literal "$".
OPEN, CLOSE = "\ue000", "\ue001"
_MARKED = re.compile(f"{OPEN}([^{OPEN}{CLOSE}]*){CLOSE}")
_WIDE = re.compile(r"\)[^A-Za-z%]*\d{4}")


@dataclass
class Names:
    """The names that `%(...)s` may use; one of ENV_ that is not among them stays marked."""

    values: dict[str, str | int]

    @classmethod
    def of(cls, process: Process, image: Image, here: str) -> "Names":
        env = {"PATH": PATH, **image.config.env, **process.env}
        values: dict[str, str | int] = {f"ENV_{k}": v for k, v in env.items()}
        return cls({"here": here, "host_node_name": f"{OPEN}HOSTNAME{CLOSE}", **values})

    def expand(self, text: str) -> tuple[str, str]:
        """The text expanded, and what is wrong with it ("" where nothing is); a wrong text is given as it is."""
        if _WIDE.search(text):
            return text, "has a field too wide to be meant"
        try:
            return text % _Lookup(self.values), ""
        except KeyError as error:
            return text, f"uses the unknown name {error.args[0]}"
        except (TypeError, ValueError, OverflowError) as error:
            return text, f"badly formatted: {error}"


class _Lookup(dict[str, str | int]):
    def __missing__(self, key: str) -> str:
        if not key.startswith("ENV_"):
            raise KeyError(key)
        return f"{OPEN}{key[4:]}{CLOSE}"


def folder(process: Process, image: Image) -> str:
    """The working folder of a process."""
    return process.workdir or image.config.workdir or "/"


def unknown(text: str) -> list[str]:
    """The variables of a text that someone must give the container; Docker itself sets HOSTNAME."""
    return [name for name in dict.fromkeys(_MARKED.findall(text)) if name != "HOSTNAME"]


def readable(text: str) -> str:
    """With unknown variables as `$NAME`."""
    return _MARKED.sub(r"$\1", text)


def split_command(text: str) -> list[str]:
    """The words of a command (process.py, get_execv_args). Raises ValueError on quotes that do not close."""
    return shlex.split(text)


def dict_of_key_value_pairs(text: str) -> tuple[dict[str, str], str]:
    """`K=v,K2="v 2"` as supervisor's datatypes.py reads it, and what is wrong with it; the pairs before that stay."""
    lexer = shlex.shlex(text, posix=True)
    lexer.wordchars += "/.+-():" + OPEN + CLOSE
    pairs: dict[str, str] = {}
    try:
        tokens = list(lexer)
    except ValueError as error:
        return pairs, str(error)
    for i in range(0, len(tokens), 4):
        pair = tokens[i : i + 3]
        if len(pair) != 3 or pair[1] != "=":
            return pairs, f"key and value expected at {readable(' '.join(pair))!r}"
        pairs[pair[0]] = pair[2]
    return pairs, ""


def shell_line(argv: list[str], env: dict[str, str]) -> tuple[str, ...]:
    """The command that leaves unknown variables to a shell; () where none is left or a shell runs anyway."""
    late = {name: value for name, value in env.items() if OPEN in value}
    if not late and not any(OPEN in word for word in argv):
        return ()
    if not late and _is_shell(argv):
        return tuple(readable(word) for word in argv)
    exports = "".join(f"export {name}={quoted(value)}; " for name, value in late.items())
    # A word that is one variable alone is split by supervisor after the expansion, as by a shell.
    words = " ".join(readable(w) if _MARKED.fullmatch(w) else quoted(w) for w in argv)
    return ("/bin/sh", "-c", f"{exports}exec {words}")


def _is_shell(argv: list[str]) -> bool:
    return argv[0].rsplit("/", 1)[-1] in ("sh", "bash", "dash", "ash", "zsh") and any(
        w.startswith("-") and "c" in w for w in argv[1:3]
    )


def quoted(word: str) -> str:
    """A word of a shell line, unknown variables left to the shell."""
    if OPEN not in word:
        return shlex.quote(word)
    plain = "".join(f"\\{c}" if c in '"\\$`' else c for c in word)
    return '"' + _MARKED.sub(r"${\1}", plain) + '"'
