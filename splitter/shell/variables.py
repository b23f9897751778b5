"""Assignments and the builtins that set variables: export, declare, local, unset, read, getopts."""

from collections.abc import Mapping

from splitter.shell.conditions import FALSE, TRUE, UNDECIDED, Verdict
from splitter.shell.reader import Reader
from splitter.shell.scope import Context
from splitter.shell.syntax import Assign, Simple
from splitter.shell.values import EMPTY, NONE, Value, Variable, join, literal, unknown

DECLARING = frozenset(("export", "readonly", "declare", "typeset", "local"))
# Marks of a value that only the statement that made it can give.
_MADE = frozenset(("$()", "<()", "..."))


class Variables(Reader):
    """The part of the interpreter that changes variables."""

    def exported(self, prefix: Mapping[str, Value] | None = None) -> tuple[dict[str, str], dict[str, str], list[str]]:
        """What a program gets beyond what the script was given: values that are known, shell source of those that only
        running tells, and the names of those that only the script's own statements can give."""
        env: dict[str, str] = {}
        dynamic: dict[str, str] = {}
        lost: list[str] = []
        values = {
            name: held.value
            for name, held in self.state.vars.items()
            if held.exported and not held.outside and held.items is None
        }
        for name, value in sorted({**values, **(prefix or {})}.items()):
            if value.known:
                if self.state.given.get(name) != value.text:
                    env[name] = value.text
            elif value.needs:
                lost.append(name)
            else:
                dynamic[name] = value.run
        return env, dynamic, lost

    def assign(self, one: Assign, *, exported: bool | None = None) -> None:
        """Carry out one assignment."""
        name = one.name
        if not name:
            return
        old = self.state.get(name)
        if one.items is not None:
            kept = dict(old.items) if old and old.items is not None and one.append else {}
            if old and old.items is None and one.append and old.value.text:
                kept["0"] = old.value
            self._fill(kept, one.items)
            self.state.vars[name] = Variable(next(iter(kept.values()), EMPTY), bool(exported), kept)
            return
        value = self.made(name, self.one(one.value))
        if one.index is not None:
            key = self.one(one.index)
            items = dict(old.items) if old and old.items is not None else {"0": old.value} if old else {}
            number = self.integer(one.index) if key.value is not None else None
            items[str(number) if number is not None else key.text] = value
            self.state.vars[name] = Variable(next(iter(items.values())), bool(old and old.exported), items)
            return
        if one.append and old is not None:
            value = join([old.value if old.items is None else old.item("0"), value])
        self.state.put(name, value, exported=exported)

    def _fill(self, items: dict[str, Value], sources: tuple[str, ...]) -> None:
        at = 1 + max((int(k) for k in items if k.isdigit() and len(k) < 7), default=-1)
        for source in sources:
            head, mark, tail = source.partition("]=")
            if mark and source.startswith("["):
                items[self.one(head[1:]).text] = self.one(tail)
                continue
            for value in self.values(source):
                items[str(at)] = value
                at += 1

    def made(self, name: str, value: Value) -> Value:
        """The value as it can be referred to from here on."""
        return unknown(f"${name}", f"${{{name}}}", value.deps, frozenset((name,))) if value.needs & _MADE else value

    def loses(self, name: str, deps: frozenset[str] = NONE) -> None:
        """From here on the variable holds what only running tells."""
        if name.isidentifier():
            self.state.put(name, unknown(f"${name}", f"${{{name}}}", deps, frozenset((name,))))

    def declare(self, node: Simple, context: Context) -> Verdict:
        """export, readonly, declare, typeset, local."""
        builtin = node.words[0]
        options = "".join(w[1:] for w in node.words[1:] if isinstance(w, str) and w[:1] == "-")
        removes = any(isinstance(w, str) and w.startswith("+x") for w in node.words[1:])
        exported = True if builtin == "export" or "x" in options else None
        if removes or (builtin == "export" and "n" in options):
            exported = False
        mine = context.function != "" and builtin != "export" and builtin != "readonly" and "g" not in options
        for word in node.words[1:]:
            if isinstance(word, Assign):
                self.takes(word.value, node, context)
                self.localized(word.name, mine)
                self.assign(word, exported=exported)
            elif word[:1] not in ("-", "+"):
                self._declared(word, exported, mine, "A" in options or "a" in options, context, node)
        return TRUE

    def _declared(self, word: str, exported: bool | None, mine: bool, array: bool, context: Context,
                  node: Simple) -> None:  # fmt: skip
        for value in self.values(word):
            name, equals, text = value.text.partition("=")
            if not name.isidentifier() or not value.known:
                whole = node.words[0] if isinstance(node.words[0], str) else "export"
                self.lost(f"{whole} {word}: which variables these are shows only when it runs", context, node.span.line)
                continue
            self.localized(name, mine)
            held = self.state.get(name)
            if equals:
                self.state.put(name, literal(text, value.deps), exported=exported)
            elif held is not None and exported is not None:
                self.state.vars[name] = held._replace(exported=exported)
            elif array:
                self.state.vars[name] = held or Variable(EMPTY, items={})
            elif mine:
                self.state.vars.pop(name, None)

    def localized(self, name: str, mine: bool) -> None:
        if mine:
            self.state.locals.setdefault(name, self.state.get(name))

    def forget(self, argv: list[Value]) -> Verdict:
        """unset"""
        functions = any(v.text == "-f" for v in argv)
        for value in argv:
            if value.text.startswith("-"):
                continue
            if functions:
                self.state.functions.pop(value.text, None)
            else:
                self.state.vars.pop(value.text, None)
        return TRUE

    def read(self, argv: list[Value], given: str | None) -> Verdict:
        """read, mapfile: the variables get what comes in; `given` is the text of a here-string."""
        names = [v.text for v in argv if v.text.isidentifier()]
        if given is not None and names:
            line = given.split("\n")[0]
            parts = line.split(None, len(names) - 1) if len(names) > 1 else [line.strip()]
            for name, part in zip(names, [*parts, *[""] * len(names)], strict=False):
                self.state.put(name, literal(part))
            return TRUE
        for name in names or ["REPLY"]:
            self.loses(name)
        return UNDECIDED

    def option(self, argv: list[Value]) -> Verdict:
        """getopts: one option a call, as long as the arguments are known."""
        if len(argv) < 2 or not argv[1].text.isidentifier():
            return FALSE
        spec, name = argv[0].text, argv[1].text
        arguments = argv[2:] or (list(self.state.args) if self.state.args is not None else None)
        index = self.integer(self.variable("OPTIND").value or "1")
        word = arguments[index - 1] if arguments is not None and index and 0 < index <= len(arguments) else None
        if arguments is None or index is None or (word is not None and word.value is None):
            self.loses(name)
            self.loses("OPTARG")
            return UNDECIDED
        text = word.value if word is not None and word.value is not None else ""
        if len(text) < 2 or text[0] != "-" or text == "--":
            self.state.put("OPTIND", literal(str(index + (text == "--"))))
            self.state.put(name, literal("?"))
            return FALSE
        letter, step = text[1], 1
        if letter + ":" in spec:
            inline = text[2:]
            following = arguments[index] if index < len(arguments) else EMPTY
            self.state.put("OPTARG", literal(inline, word.deps if word else NONE) if inline else following)
            step = 1 if inline else 2
        self.state.put(name, literal(letter if letter in spec else "?", frozenset("@")))
        self.state.put("OPTIND", literal(str(index + step)))
        return TRUE
