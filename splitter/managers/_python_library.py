"""What the library's functions give back that launchers use to put commands together: paths, texts, the environment."""

import os.path
import posixpath
import shlex
from collections.abc import Callable, Mapping

from splitter.managers._python_values import Environ, Name, Unknown, known
from splitter.managers._supervisor import CLOSE, OPEN

MAX_LENGTH = 20_000
NOT_KNOWN = Unknown("not known")
PURE: Mapping[str, Callable[..., object]] = {
    "os.path.join": posixpath.join, "os.path.dirname": posixpath.dirname, "os.path.basename": posixpath.basename,
    "os.path.normpath": posixpath.normpath, "os.path.splitext": posixpath.splitext, "os.fspath": str,
    "shlex.split": shlex.split, "shlex.quote": shlex.quote, "shlex.join": shlex.join, "str": str, "len": len,
    "list": list, "tuple": tuple, "bool": bool, "reversed": lambda v: list(reversed(v)), "sorted": sorted,
    "enumerate": lambda v: list(enumerate(v)), "zip": lambda *v: list(zip(*v, strict=False)),
    "range": lambda *v: list(range(*(max(min(n, 200), -200) for n in v))), "min": min, "max": max, "abs": abs,
}  # fmt: skip
METHODS = frozenset(
    (
        "split", "strip", "rstrip", "lstrip", "lower", "upper", "format", "join", "replace", "startswith",
        "endswith", "removeprefix", "removesuffix", "rsplit", "partition", "title", "isdigit", "copy", "keys",
        "values", "items", "get", "index", "count", "isupper", "islower", "isalpha", "isalnum", "capitalize",
    )
)  # fmt: skip


class Library:
    """The script's surroundings: its environment, arguments and folder."""

    def __init__(self, env: Mapping[str, str], argv: tuple[str, ...], cwd: str, script: str, program: str) -> None:
        self.env, self.argv, self.cwd, self.script, self.program = dict(env), argv, cwd, script, program
        self.set: dict[str, str] = {}

    def constant(self, full: str) -> object | None:
        """The value of a name of the library; None where it has none here."""
        table: dict[str, object] = {
            "sys.executable": self.program, "sys.argv": list(self.argv), "os.environ": Name("os.environ"),
            "os.sep": "/", "os.curdir": ".", "sys.platform": "linux", "os.name": "posix", "os.P_NOWAIT": 1,
            "os.P_WAIT": 0, "os.P_NOWAITO": 1,
        }  # fmt: skip
        return table.get(full)

    def variable(self, name: str, default: object) -> object:
        return self.env.get(name, default)

    def late(self, name: str) -> str:
        """A variable of the environment that must be there, by its mark."""
        return self.env.get(name, f"{OPEN}{name}{CLOSE}")

    def call(self, full: str, args: list[object], more: Mapping[str, object]) -> object:
        """What a function of the library gives; NOT_KNOWN where it is not one of these."""
        first = args[0] if args else None
        if full in ("os.environ.get", "os.getenv") and isinstance(first, str):
            return self.variable(first, args[1] if len(args) > 1 else more.get("default"))
        if full == "os.environ.setdefault" and isinstance(first, str) and len(args) > 1 and isinstance(args[1], str):
            if first not in self.env:
                self.put(first, args[1])
            return self.env[first]
        if full == "os.environ.update":
            for name, value in {**(first if isinstance(first, dict) else {}), **more}.items():
                self.put(str(name), value)
            return Unknown()
        if full in ("os.environ.keys", "os.environ.items", "os.environ.values"):
            kinds = {"keys": list(self.env), "values": list(self.env.values())}
            return kinds.get(full.rpartition(".")[2], [[k, v] for k, v in self.env.items()])
        if full == "set" and (first is None or isinstance(first, list | tuple)):
            return _once([], first or [])
        if full in ("os.environ.copy", "os.environ"):
            return Environ()
        if full == "dict" and (first is None or isinstance(first, dict | Name)):
            return self.dictionary(first, more)
        if full in ("os.getcwd", "pathlib.Path.cwd"):
            return self.cwd
        if full in ("os.path.abspath", "os.path.realpath") and isinstance(first, str):
            return posixpath.normpath(posixpath.join(self.cwd, first))
        if full in ("pathlib.Path", "pathlib.PurePath", "pathlib.PosixPath") and args and known(args):
            return posixpath.join(*map(str, args))
        if full == "os.path.expanduser" and isinstance(first, str):
            return first.replace("~", self.late("HOME"), 1) if first.startswith("~") else first
        if full == "os.path.expandvars" and isinstance(first, str):
            return os.path.expandvars(first) if "$" not in first else Unknown("os.path.expandvars(...)")
        if full == "os.chdir" and isinstance(first, str):
            self.cwd = posixpath.normpath(posixpath.join(self.cwd, first))
            return Unknown()
        if full == "shutil.which" and isinstance(first, str):
            return first
        if full == "int" and isinstance(first, str | int | float) and len(args) == 1:
            return _int(first)
        if full in PURE and known(args) and not (set(more) - {"start"}):
            return _pure(PURE[full], args)
        return NOT_KNOWN

    def dictionary(self, first: object, more: Mapping[str, object]) -> object:
        if isinstance(first, Name):
            if first.full != "os.environ":
                return Unknown()
            made: dict[str, object] = Environ()
        else:
            made = type(first)(first) if isinstance(first, dict) else {}
        made.update(more)
        return made

    def put(self, name: str, value: object) -> None:
        """`os.environ[name] = value`: every process that starts from now on has it."""
        if isinstance(value, str):
            self.env[name] = self.set[name] = value

    def method(self, holder: object, name: str, args: list[object], more: Mapping[str, object]) -> object:
        """A method of a text, list or mapping; NOT_KNOWN where it is none of those."""
        if isinstance(holder, list) and name in ("add", "update"):  # a set
            holder[:] = _once(holder, args if name == "add" else [i for a in args if isinstance(a, list) for i in a])
            return None
        if isinstance(holder, list) and name in ("append", "extend", "insert"):
            if name == "extend" and len(args) == 1:
                extra = list(args[0]) if isinstance(args[0], list | tuple) else [Unknown()]
                holder.extend(extra[: MAX_LENGTH - len(holder)])
            elif name == "insert" and len(args) == 2 and isinstance(args[0], int):
                holder.insert(args[0], args[1])
            elif name == "append" and len(args) == 1 and len(holder) < MAX_LENGTH:
                holder.append(args[0])
            return None
        if isinstance(holder, dict):
            if name == "copy":
                return type(holder)(holder)
            if name in ("get", "setdefault") and args:
                default = args[1] if len(args) > 1 else None
                if isinstance(holder, Environ) and isinstance(args[0], str) and args[0] not in holder:
                    got = self.variable(args[0], default)
                else:
                    got = holder.get(args[0], default) if known(args[0]) else Unknown()
                if name == "setdefault" and isinstance(args[0], str):
                    holder[args[0]] = got
                return got
            if name == "pop" and args and isinstance(args[0], str) and not isinstance(holder, Environ):
                return holder.pop(args[0], args[1] if len(args) > 1 else Unknown())
            if name == "update":
                for one in (*args, more):
                    if isinstance(one, dict):
                        holder.update(one)
                return None
            if name in ("items", "keys", "values") and not isinstance(holder, Environ):
                return {"items": [list(i) for i in holder.items()], "keys": list(holder)}.get(
                    name, list(holder.values())
                )
            return NOT_KNOWN
        plain = known(args) and all(known(v) for v in more.values())
        if isinstance(holder, str) and name in ("joinpath", "resolve", "absolute", "as_posix", "with_name"):
            return self.path(holder, name, args)
        if isinstance(holder, str | list | tuple) and name in METHODS and plain:
            got = _pure(getattr(holder, name, None), args, more)
            return got
        return NOT_KNOWN

    def path(self, holder: str, name: str, args: list[object]) -> object:
        texts = [a for a in args if isinstance(a, str)]
        if name == "joinpath" and len(texts) == len(args):
            return posixpath.join(holder, *texts)
        if name == "with_name" and texts:
            return posixpath.join(posixpath.dirname(holder), texts[0])
        return posixpath.normpath(posixpath.join(self.cwd, holder)) if name != "as_posix" else holder


def _pure(
    function: Callable[..., object] | None, args: list[object], more: Mapping[str, object] | None = None
) -> object:
    """A function without effects, of known arguments; what it raises makes its value unknown."""
    if function is None or sum(len(a) for a in args if isinstance(a, str)) > MAX_LENGTH:
        return Unknown()
    try:
        got = function(*args, **(more or {}))
    except Exception:  # whatever a text of the image makes it raise
        return Unknown()
    if isinstance(got, str | list | tuple) and len(got) > MAX_LENGTH:
        return Unknown()
    return list(got) if isinstance(got, tuple) else got


def _once(items: list[object], more: list[object] | tuple[object, ...]) -> list[object]:
    """The items of a set, each once, in the order in which they came."""
    made = list(items)
    for one in more:
        if one not in made and len(made) < 500:
            made.append(one)
    return made


def _int(value: str | int | float) -> object:
    try:
        return int(value if not isinstance(value, str) else value[:40])
    except (ValueError, OverflowError):
        return Unknown()
