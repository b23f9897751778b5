"""Simple commands: builtins carried out, functions entered, files sourced, and everything else reported as a call."""

import posixpath
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import NamedTuple

from splitter.shell.calls import Redirect, Sourced, Unread, Word
from splitter.shell.conditions import FALSE, TRUE, UNDECIDED, Verdict, searches, test
from splitter.shell.expand import words as as_words
from splitter.shell.libraries import known
from splitter.shell.parse import parse
from splitter.shell.reader import Extra
from splitter.shell.scope import DONE, Body, Context, Outcome, Source
from splitter.shell.syntax import Assign, Simple
from splitter.shell.values import Value, Variable
from splitter.shell.variables import DECLARING, Variables
from splitter.shell.world import MAX_FRAMES

# Builtins that leave nothing that matters here, and succeed.
IDLE = frozenset((
    "trap", "umask", "ulimit", "shopt", "alias", "unalias", "hash", "times", "bg", "fg", "jobs", "disown", "bind",
    "complete", "enable", "history", "setopt", "unsetopt", "emulate", "autoload", "setenv", "suspend", "caller",
))  # fmt: skip
# Programs that make the files that their operands name.
MAKERS = frozenset((
    "mkdir", "touch", "cp", "mv", "ln", "install", "tee", "mkfifo", "chmod", "chown",
))  # fmt: skip


class Spoken(NamedTuple):
    """A simple command after expansion."""

    node: Simple
    words: tuple[Word, ...]
    values: list[Value]
    context: Context
    more: Extra

    @property
    def name(self) -> str:
        return self.words[0].text

    @property
    def args(self) -> list[Value]:
        return self.values[1:]

    @property
    def line(self) -> int:
        return self.node.span.line

    def after(self, n: int) -> "Spoken":
        """The same command without its first words."""
        return self._replace(words=self.words[n:], values=self.values[n:], node=replace(self.node, words=()))


class Builtins(Variables):
    """The part of the interpreter that reads simple commands."""

    def simple(self, node: Simple, context: Context) -> Outcome:
        head = node.words[0] if node.words else None
        if isinstance(head, str) and head in DECLARING:
            return Outcome(self.declare(node, context))
        if head in ("test", "[") and not node.assigns:
            tokens = [w for w in node.words[1:] if isinstance(w, str)]
            return Outcome(test(tokens[:-1] if head == "[" and tokens[-1:] == ["]"] else tokens, self, double=False))
        redirects = tuple(self.redirect(r) for r in node.redirects)
        if not node.words:
            for one in node.assigns:
                self.takes(one.value, node, context)
                self.assign(one)
            if any(_writes(r) for r in redirects):
                self.report(Spoken(node, (Word(":", ":"),), [], context, Extra(redirects=redirects)))
            return DONE
        sources = [f"{w.name}={w.value}" if isinstance(w, Assign) else w for w in node.words]
        fields = [f for w in sources for f in self.fields(w)]
        words = as_words(fields)
        prefix = {a.name: self.made(a.name, self.one(a.value)) for a in node.assigns if a.name and a.items is None}
        needs = frozenset().union(*(f.value.needs for f in fields), *(v.needs for v in prefix.values()))
        if not words:
            if not set(sources) <= {'"$@"', "$@", "$*", '"$*"', "${@}", '"${@}"'} and any(f.vanishes for f in fields):
                self.lost(
                    f"{' '.join(sources)}: which command that is shows only when it runs", context, node.span.line
                )
            return Outcome(UNDECIDED)
        gone = len(fields) - len([f for f in fields if not f.vanishes or f.value.text])
        values = [f.value for f in fields if not f.vanishes or f.value.text][-len(words) :] if gone else [
            f.value for f in fields
        ]  # fmt: skip
        return self.spoken(Spoken(node, words, values, context, Extra(prefix, redirects, False, needs)))

    def spoken(self, one: Spoken) -> Outcome:
        """Carry out or report what is said."""
        if not one.words:
            return DONE
        body = self.state.functions.get(one.name)
        if isinstance(body, Body):
            return self.entered(body, one)
        if one.name in IDLE:
            return DONE
        builtin = _BUILTINS.get(one.name)
        if builtin is not None:
            return builtin(self, one)
        return self.report(one)

    def report(self, one: Spoken) -> Outcome:
        """A program, or a builtin that matters."""
        self.call(one.node, one.words, one.context, one.more)
        self.writes(one)
        program = posixpath.basename(one.name)
        if program == "grep" or program == "egrep":
            return Outcome(self.found(one))
        return Outcome(UNDECIDED)

    def writes(self, one: Spoken) -> None:
        """Remember the files that are there from now on."""
        made = [r.target for r in one.more.redirects if _writes(r)]
        if posixpath.basename(one.name) in MAKERS:
            made += [w for w in one.words[1:] if not w.text.startswith("-")]
        paths = [self.full(w.text) for w in made if w is not None and w.known]
        self.state.written |= {p for p in paths if p}

    def found(self, one: Spoken) -> Verdict:
        """`grep PATTERN FILE` on a file that is at hand."""
        options = [v.text for v in one.args if v.text.startswith("-")]
        plain = [v for v in one.args if not v.text.startswith("-")]
        if len(plain) != 2 or not all(v.known for v in plain) or not set("".join(options)) <= set("-qEiwsF"):
            return UNDECIDED
        text = self.contents(plain[1].text)
        if text is None or "w" in "".join(options):
            return UNDECIDED
        fold = "i" in "".join(options)
        each = [searches(plain[0].text, line, fold=fold) for line in text.splitlines()[:2000]]
        holds = True if True in each else None if None in each or len(each) == 2000 else False
        said = f"{plain[1].text} holds {plain[0].text}"
        path = self.full(plain[1].text)
        return Verdict(holds, plain[0].deps | frozenset((path,) if path else ()), said, f"not {said}")

    def entered(self, body: Body, one: Spoken) -> Outcome:
        """A function call; assignments in front hold while it runs."""
        held = {name: self.state.get(name) for name in one.more.prefix}
        for name, value in one.more.prefix.items():
            self.state.vars[name] = Variable(value, exported=True)
        context = one.context.through(one.node.span)._replace(redirects=one.context.redirects + one.more.redirects)
        outcome = self.function(body, one.args, context)
        for name, old in held.items():
            if old is None:
                self.state.vars.pop(name, None)
            else:
                self.state.vars[name] = old
        return outcome

    # One builtin each

    def cd(self, one: Spoken) -> Outcome:
        plain = [v for v in one.args if not (v.text.startswith("-") and len(v.text) > 1)]
        if one.name == "popd":
            *rest, cwd = self.state.stack or ("",)
            self.state.stack, self.state.cwd = tuple(rest), cwd
            return DONE
        if one.name == "pushd":
            self.state.stack = (*self.state.stack, self.state.cwd)
        target = plain[0] if plain else self.variable("HOME")
        if target.value == "-" or (target.value is not None and target.value != target.text) or target.value is None:
            self.state.cwd = ""
        elif target.value.startswith("/"):
            self.state.cwd = posixpath.normpath("/" + target.value.lstrip("/"))
        elif self.state.cwd:
            self.state.cwd = posixpath.normpath(posixpath.join(self.state.cwd, target.value))
        return DONE

    def settings(self, one: Spoken) -> Outcome:
        """set: options, and the arguments after `--`."""
        at = 0
        texts = [v.text for v in one.args]
        while at < len(texts) and texts[at][:1] in ("-", "+") and len(texts[at]) > 1 and texts[at] != "--":
            on = texts[at][0] == "-"
            if ("o" in texts[at] and texts[at + 1 : at + 2] == ["allexport"]) or "a" in texts[at][1:]:
                self.state.allexport = on
            at += 2 if texts[at].endswith("o") else 1
        if at < len(texts):
            start = at + (texts[at] in ("--", "-"))
            values = tuple(one.args[start:])
            lost = any(v.value is None and v.text == "$@" for v in values)
            self.state.args = None if lost else values
            self.state.outer = frozenset().union(*(v.deps for v in values)) & frozenset("@")
        return DONE

    def shift(self, one: Spoken) -> Outcome:
        text = one.args[0].value if one.args else "1"
        if self.state.args is None:
            return DONE
        if text is None or not text.isdecimal() or len(text) > 6:
            self.state.args = None
        elif int(text) > len(self.state.args):
            return Outcome(FALSE)
        else:
            self.state.args = self.state.args[int(text) :]
        return DONE

    def leave(self, one: Spoken) -> Outcome:
        """exit, return, break, continue; `fail` is an exit that says that something is wrong."""
        text = one.args[0].value if one.args else "0"
        good = text == "0" or text == ""
        status = TRUE if good else FALSE if text is not None and text.isdecimal() else UNDECIDED
        if one.name == "exit":
            at = one.context.source
            what = "with the environment and arguments at hand it gives up here"
            self.failed = Unread(what, at.path, at.inner.line if at.inner else one.line)
            fine = (good or status.holds is None) and not self.stays
            return Outcome(status, "exit" if fine else "fail")
        return Outcome(status if one.name == "return" else TRUE, one.name)

    def source(self, one: Spoken) -> Outcome:
        if not one.args:
            return DONE
        target, context = one.args[0], one.context
        if target.value is None or target.text != target.value:
            self.lost(f"reads in {target.text}, which file that is shows only when it runs", context, one.line)
            return Outcome(UNDECIDED)
        name = target.value
        path = self.full(name) if "/" in name else self.files.which(name) or self.full(name)
        if path is None:
            self.lost(f"reads in {name}, and its folder is not known", context, one.line)
            return Outcome(UNDECIDED)
        text = self.files.read(path)
        changed = path in self.state.written
        same = known(path) if text is None and not changed and context.depth < MAX_FRAMES else None
        if same is not None:
            made = Source(path, parse(same))
            return self.run(made.script.body, context._replace(source=made, depth=context.depth + 1))
        if not isinstance(text, str):
            what = "written while it runs" if changed else getattr(text, "what", "not at hand")
            self.lost(f"reads in {path}: {what}", context, one.line)
            return Outcome(UNDECIDED)
        if changed:
            self.lost(f"reads in {path}, which may be changed before: read as the image has it", context, one.line)
        if context.depth >= MAX_FRAMES:
            self.lost(f"{path} is read in too deep to be followed", context, one.line)
            return Outcome(UNDECIDED)
        span = context.source.inner or one.node.span
        self.sourced.append(Sourced(context.source.path, span.start, span.end, path, context.frames))
        inner = Source(path, parse(text))
        self.broken(inner)
        saved = (self.state.args, self.state.source)
        if len(one.args) > 1:
            self.state.args = tuple(one.args[1:])
        self.state.source = path
        redirects = context.redirects + one.more.redirects
        outcome = self.run(
            inner.script.body,
            context.through(one.node.span)._replace(source=inner, depth=context.depth + 1, redirects=redirects),
        )
        if changed:
            self.would(inner.script.body, frozenset((path,)))
        if len(one.args) > 1:
            self.state.args = saved[0]
        self.state.source = saved[1]
        return Outcome(outcome.status) if outcome.flow == "return" else outcome

    def evaluated(self, one: Spoken) -> Outcome:
        if any(v.value is None for v in one.args) and self.only_assigns(one):
            return DONE
        if any(v.value is None for v in one.args) or one.context.depth >= MAX_FRAMES:
            said = " ".join(v.text for v in one.args)[:120]
            self.lost(f"eval {said}: what that does shows only when it runs", one.context, one.line)
            return Outcome(UNDECIDED)
        # What nobody sets stays in the text as `$NAME`, and is expanded once more where it stands.
        text = " ".join(v.text for v in one.args)
        inner = Source(one.context.source.path, parse(text), one.context.source.inner or one.node.span)
        self.broken(inner)
        redirects = one.context.redirects + one.more.redirects
        return self.run(
            inner.script.body, one.context._replace(source=inner, depth=one.context.depth + 1, redirects=redirects)
        )

    def only_assigns(self, one: Spoken) -> bool:
        """`eval NAME=...` of a value that is not known: nothing but the variable is lost."""
        name, equals, value = " ".join(v.text for v in one.args).partition("=")
        if not equals or not name.isidentifier() or ";" in value or "\n" in value:
            return False
        self.loses(name)
        return True

    def replaced(self, one: Spoken) -> Outcome:
        """exec: with words the last thing a script does; without, its redirections hold from here on."""
        at = 1
        while at < len(one.words) and one.words[at].text in ("-c", "-l", "-cl", "-a", "--"):
            at += 2 if one.words[at].text == "-a" else 1
        rest = one.after(at)
        if not rest.words:
            self.state.redirects = (*self.state.redirects, *one.more.redirects)
            return DONE
        outcome = self.report(rest._replace(more=one.more._replace(exec=True)))
        return outcome._replace(flow="exit")

    def commanded(self, one: Spoken) -> Outcome:
        """command, builtin, and what asks where a program is: which, type, hash."""
        options = [v.text for v in one.args if v.text.startswith("-")]
        if one.name in ("command", "builtin") and not any("v" in o.lower() for o in options):
            rest = one.after(1 + len(options))
            if rest.words and rest.name in _BUILTINS:
                return _BUILTINS[rest.name](self, rest)
            return self.report(rest) if rest.words else DONE
        plain = [v for v in one.args if not v.text.startswith("-")]
        if len(plain) != 1 or not plain[0].known:
            return Outcome(UNDECIDED)
        name = plain[0].text
        said = (f"{name} is installed", f"{name} is not installed")
        if name in self.state.functions or name in _BUILTINS or name in IDLE:
            return DONE
        path = self.files.which(name)
        if path is not None:
            return Outcome(Verdict(True, frozenset((path,)), *said))
        return Outcome(Verdict(False if self.files.complete else None, frozenset((f"program {name}",)), *said))

    def let(self, one: Spoken) -> Outcome:
        for value in one.args:
            self.integer(value.text)
        return DONE

    def reads(self, one: Spoken) -> Outcome:
        given = next((r.body for r in one.more.redirects if r.op == "<<<" and r.known), None)
        return Outcome(self.read(one.args, given))


def _writes(redirect: Redirect) -> bool:
    target = redirect.target
    if redirect.op not in (">", ">>", ">|", "&>", "&>>") or target is None:
        return False
    return not target.text.startswith("/dev/")


def _constant(verdict: Verdict) -> Callable[[Builtins, Spoken], Outcome]:
    def give(shell: Builtins, one: Spoken) -> Outcome:
        if any(_writes(r) for r in one.more.redirects):
            shell.report(one)
        return Outcome(verdict)

    return give


_BUILTINS: Mapping[str, Callable[[Builtins, Spoken], Outcome]] = {
    "cd": Builtins.cd, "pushd": Builtins.cd, "popd": Builtins.cd, "chdir": Builtins.cd,
    "set": Builtins.settings, "shift": Builtins.shift,
    "exit": Builtins.leave, "return": Builtins.leave, "break": Builtins.leave, "continue": Builtins.leave,
    ".": Builtins.source, "source": Builtins.source, "eval": Builtins.evaluated, "exec": Builtins.replaced,
    "command": Builtins.commanded, "builtin": Builtins.commanded, "which": Builtins.commanded,
    "type": Builtins.commanded, "let": Builtins.let, "read": Builtins.reads, "mapfile": Builtins.reads,
    "readarray": Builtins.reads,
    "unset": lambda shell, one: Outcome(shell.forget(one.args)),
    "getopts": lambda shell, one: Outcome(shell.option(one.args)),
    "true": _constant(TRUE), ":": _constant(TRUE), "false": _constant(FALSE),
}  # fmt: skip
