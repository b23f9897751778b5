"""What a `$(...)` prints, where that can be told without running it."""

import posixpath
from collections.abc import Callable

from splitter.shell.conditions import searches
from splitter.shell.expand import Expander
from splitter.shell.parse import parse
from splitter.shell.syntax import AndOr, Pipeline, Redir, Sequence, Simple, Statement, Subshell
from splitter.shell.values import Value, literal, unknown

MAX_DEPTH = 12


class Outputs(Expander):
    """`substitute` for the expander: a handful of programs whose output follows from their arguments and files."""

    depth: int = 0

    def substitute(self, text: str) -> Value | None:
        script = parse(text)
        if script.broken or self.depth > MAX_DEPTH:
            return None
        outer = self.state
        self.state = outer.copy()
        self.depth += 1
        try:
            said = self.said(script.body)
        finally:
            self.state = outer
            self.depth -= 1
        if said is None:
            return _sought(script.body, text)
        if said.value is None:
            return said
        trimmed = said.value.rstrip("\n")
        return literal(trimmed, said.deps)

    def said(self, node: Statement) -> Value | None:
        match node:
            case Sequence() | Subshell():
                body = node.body.body if isinstance(node, Subshell) else node.body
                if not body or not all(self.moved(s) for s in body[:-1]):
                    return None
                return self.said(body[-1])
            case AndOr(left=left, op="&&", right=right):
                return self.said(right) if self.moved(left) else None
            case AndOr(left=left, op="||", right=right):
                first = self.said(left)
                if first is None and isinstance(left, Simple) and self.fails(left):
                    return self.said(right)
                return first
            case Pipeline():
                value = self.said(node.parts[0])
                for part in node.parts[1:]:
                    if value is None or value.value is None or not isinstance(part, Simple):
                        return None
                    value = self.filtered(part, value)
                return value
            case Simple():
                return self.printed(node)
            case _:
                return None

    def moved(self, node: Statement) -> bool:
        """A `cd` in front, carried out."""
        if not isinstance(node, Simple) or node.words[:1] != ("cd",):
            return False
        target = self.argv(node)
        if target is None or len(target) < 2:
            return False
        self.state.cwd = posixpath.normpath(posixpath.join(self.state.cwd or "/", target[-1]))
        return True

    def argv(self, node: Simple) -> list[str] | None:
        values = [v for w in node.words if isinstance(w, str) for v in self.values(w)]
        known = [v.value for v in values if v.value is not None and v.fixed]
        return known if len(known) == len(values) else None

    def fails(self, node: Simple) -> bool:
        argv = self.argv(node)
        return bool(argv and len(argv) == 2 and argv[0] == "cat" and self.absent(argv[1]))

    def absent(self, path: str) -> bool:
        full = self.full(path)
        return full is not None and self.files.complete and not self.files.is_file(full)

    def full(self, path: str) -> str | None:
        if not (self.state.cwd or path.startswith("/")):
            return None
        return posixpath.normpath(posixpath.join(self.state.cwd or "/", path))

    def contents(self, path: str) -> str | None:
        full = self.full(path)
        text = self.files.read(full) if full is not None and full not in self.state.written else None
        return text if isinstance(text, str) else None

    def printed(self, node: Simple) -> Value | None:
        reads = next((r for r in node.redirects if r.op == "<" and r.target), None)
        if not node.words:
            text = self.contents(self.one(reads.target).value or "") if reads and reads.target else None
            return literal(text) if text is not None else None
        values = [v for w in node.words if isinstance(w, str) for v in self.values(w)]
        if not values or any(v.value is None for v in values) or _written(node.redirects):
            return None
        deps = frozenset().union(*(v.deps for v in values))
        if not all(v.fixed for v in values) and any(v.text != v.value for v in values):
            return None
        argv = [v.value or "" for v in values]
        run = _PROGRAMS.get(argv[0].rsplit("/", 1)[-1])
        text = run(self, argv[1:]) if run else None
        if text is None:
            return None
        return literal(text, deps | (frozenset(("id",)) if argv[0] in ("id", "whoami") else frozenset()))

    def filtered(self, node: Simple, value: Value) -> Value | None:
        argv, text = self.argv(node), value.value
        if not argv or text is None:
            return None
        options = [a for a in argv[1:] if a.startswith("-")]
        plain = [a for a in argv[1:] if not a.startswith("-")]
        lines = text.splitlines()
        match argv[0]:
            case "xargs" if not argv[1:]:
                return literal(" ".join(text.split()), value.deps)
            case "cat" if not argv[1:]:
                return value
            case "grep" if len(plain) == 1 and set(options) <= {"-v", "-E", "-i", "-e"}:
                kept = []
                for line in lines:
                    found = searches(plain[0], line, fold="-i" in options)
                    if found is None:
                        return None
                    if found != ("-v" in options):
                        kept.append(line)
                return literal("\n".join(kept), value.deps)
            case "tr" if not options and len(plain) == 2:
                return self._translated(text, plain, value)
        return None

    def _translated(self, text: str, plain: list[str], value: Value) -> Value | None:
        sets = tuple(plain)
        if sets in (("A-Z", "a-z"), ("[:upper:]", "[:lower:]"), ("[A-Z]", "[a-z]")):
            return literal(text.lower(), value.deps)
        if sets in (("a-z", "A-Z"), ("[:lower:]", "[:upper:]"), ("[a-z]", "[A-Z]")):
            return literal(text.upper(), value.deps)
        if all(len(s) == 1 for s in sets):
            return literal(text.replace(plain[0], plain[1]), value.deps)
        return None


def _sought(body: Sequence, text: str) -> Value | None:
    """`command -v NAME` of a program that is not at hand: its name tells what it is, its place shows later."""
    [node] = body.body if len(body.body) == 1 else [None]
    words = [w for w in node.words if isinstance(w, str)] if isinstance(node, Simple) else []
    if words[:1] == ["which"] or words[:2] in (["command", "-v"], ["type", "-P"], ["type", "-p"]):
        name = words[-1].strip("\"'")
        if len(words) == (2 if words[0] == "which" else 3) and name and not set(name) & set("$`\\*?[-"):
            return unknown(name, f"$({text})")
    return None


def _written(redirects: tuple[Redir, ...]) -> bool:
    return any(r.op in (">", ">>", ">|", "&>") and r.fd != 2 for r in redirects)


def _echo(shell: Outputs, args: list[str]) -> str | None:
    while args and args[0] in ("-n", "-e", "-E"):
        if args[0] == "-e" and any("\\" in a for a in args):
            return None
        args = args[1:]
    return " ".join(args)


def _printf(shell: Outputs, args: list[str]) -> str | None:
    if not args or args[0] not in ("%s", "%s\\n", "%s\n"):
        return args[0] if len(args) == 1 and not any(c in args[0] for c in "%\\") else None
    return "\n".join(args[1:]) if "n" in args[0] else "".join(args[1:])


def _cat(shell: Outputs, args: list[str]) -> str | None:
    texts = [shell.contents(a) for a in args]
    known = [t for t in texts if t is not None]
    return "".join(known) if args and len(known) == len(texts) else None


def _dirname(shell: Outputs, args: list[str]) -> str | None:
    args = [a for a in args if a != "--"]
    return (posixpath.dirname(args[0].rstrip("/")) or ("/" if args[0].startswith("/") else ".")) if args else None


def _basename(shell: Outputs, args: list[str]) -> str | None:
    args = [a for a in args if a != "--"]
    if not args or args[0].startswith("-"):
        return None
    name = posixpath.basename(args[0].rstrip("/")) or "/"
    return name.removesuffix(args[1]) if len(args) > 1 and name != args[1] else name


def _seq(shell: Outputs, args: list[str]) -> str | None:
    numbers = [int(a) for a in args if a.removeprefix("-").isdecimal() and a.isascii() and len(a) < 7]
    if len(numbers) != len(args) or not 1 <= len(args) <= 3:
        return None
    first, step, last = numbers[0] if len(args) > 1 else 1, numbers[1] if len(args) == 3 else 1, numbers[-1]
    if step == 0 or abs(last - first) // abs(step) > 1000:
        return None
    return "\n".join(str(n) for n in range(first, last + (1 if step > 0 else -1), step))


def _pwd(shell: Outputs, args: list[str]) -> str | None:
    return shell.state.cwd or None


def _realpath(shell: Outputs, args: list[str]) -> str | None:
    plain = [a for a in args if not a.startswith("-")]
    return shell.full(plain[0]) if len(plain) == 1 else None


def _which(shell: Outputs, args: list[str]) -> str | None:
    plain = [a for a in args if not a.startswith("-")]
    return shell.files.which(plain[0]) if len(plain) == 1 else None


def _id(shell: Outputs, args: list[str]) -> str | None:
    if args in (["-u"], ["--user"]):
        return shell.uid()
    return _whoami(shell, args) if args in (["-un"], ["-u", "-n"], ["-nu"]) else None


def _whoami(shell: Outputs, args: list[str]) -> str | None:
    name = (shell.user or "").split(":")[0] if shell.user is not None else None
    return None if name is None or (name.isdigit() and name != "0") else "root" if name in ("", "0") else name


_PROGRAMS: dict[str, Callable[[Outputs, list[str]], str | None]] = {
    "echo": _echo, "printf": _printf, "cat": _cat, "dirname": _dirname, "basename": _basename, "pwd": _pwd,
    "seq": _seq,
    "realpath": _realpath, "readlink": _realpath, "which": _which, "id": _id, "whoami": _whoami,
    "command": lambda shell, args: _which(shell, args[1:]) if args[:1] == ["-v"] else None,
}  # fmt: skip
