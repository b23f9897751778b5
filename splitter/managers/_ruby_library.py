"""What Ruby's own methods give back that launchers use to put commands together: texts, lists, mappings, paths, ENV."""

import posixpath
import shlex
from collections.abc import Callable
from typing import Any

from splitter.managers._ruby_expressions import Expressions
from splitter.managers._ruby_values import MAX_LENGTH, Late, Unknown, known, text, truth
from splitter.managers._supervisor import OPEN

NOT_KNOWN = Unknown("not known")
TEXTS: dict[str, Callable[..., object]] = {
    "strip": str.strip, "lstrip": str.lstrip, "rstrip": str.rstrip, "chomp": lambda s: s.removesuffix("\n"),
    "downcase": str.lower, "upcase": str.upper, "capitalize": str.capitalize, "to_s": str, "to_str": str,
    "to_sym": str, "length": len, "size": len, "empty?": lambda s: not s, "blank?": lambda s: not s.strip(),
    "present?": lambda s: bool(s.strip()), "presence": lambda s: s if s.strip() else None, "dup": str, "freeze": str,
    "include?": lambda s, x: x in s, "start_with?": lambda s, *x: s.startswith(x), "-@": str, "+@": str,
    "end_with?": lambda s, *x: s.endswith(x), "delete_prefix": str.removeprefix, "delete_suffix": str.removesuffix,
    "gsub": lambda s, a, b: s.replace(a, b), "sub": lambda s, a, b: s.replace(a, b, 1), "lines": str.splitlines,
    "tr": lambda s, a, b: s.replace(a, b) if len(a) == len(b) == 1 else 1 / 0, "shellescape": shlex.quote,
    "shellsplit": shlex.split, "parameterize": lambda s: s.lower().replace(" ", "-"), "to_path": str,
    "split": lambda s, *x: s.split(*x[:1]) if not x or x[0] != " " else s.split(), "inspect": lambda s: f'"{s}"',
    "eql?": lambda s, x: s == x, "equal?": lambda s, x: s == x, "basename": lambda s, *x: posixpath.basename(s),
    "dirname": posixpath.dirname, "parent": posixpath.dirname, "cleanpath": posixpath.normpath, "itself": str,
    "underscore": lambda s: s.replace("-", "_"), "zero?": lambda s: False, "between?": lambda s, a, b: a <= s <= b,
}  # fmt: skip
LISTS: dict[str, Callable[..., object]] = {
    "join": lambda v, x="": x.join(_text(i) for i in v), "last": lambda v: v[-1] if v else None, "to_a": list,
    "first": lambda v, *n: v[: n[0]] if n else (v[0] if v else None), "length": len, "size": len, "count": len,
    "empty?": lambda v: not v, "any?": bool, "none?": lambda v: not v, "include?": lambda v, x: x in v,
    "compact": lambda v: [i for i in v if i is not None], "flatten": lambda v: _flat(v), "reverse": lambda v: v[::-1],
    "uniq": lambda v: list(dict.fromkeys(v)), "dup": list, "sort": sorted, "blank?": lambda v: not v, "present?": bool,
    "freeze": lambda v: v, "drop": lambda v, n: v[n:], "take": lambda v, n: v[:n], "shelljoin": shlex.join, "max": max,
    "min": min, "index": lambda v, x: v.index(x) if x in v else None, "presence": lambda v: v or None, "sum": sum,
    "to_ary": list, "zip": lambda v, w: [list(p) for p in zip(v, w, strict=False)],
}  # fmt: skip
NUMBERS: dict[str, Callable[..., object]] = {
    "to_i": int, "to_s": str, "to_f": float, "zero?": lambda n: n == 0, "positive?": lambda n: n > 0, "second": int,
    "present?": lambda n: True, "minutes": lambda n: n * 60, "seconds": int, "minute": lambda n: n * 60,
    "hours": lambda n: n * 3600, "hour": lambda n: n * 3600,
}  # fmt: skip
WORDS: dict[str, Callable[..., object]] = {
    "split": shlex.split, "shellsplit": shlex.split, "escape": shlex.quote, "join": shlex.join,
    "shellescape": shlex.quote, "shelljoin": shlex.join,
}  # fmt: skip
MAPS: dict[str, Callable[..., object]] = {
    "keys": list, "values": lambda v: list(v.values()), "key?": lambda v, k: str(k) in v, "empty?": lambda v: not v,
    "has_key?": lambda v, k: str(k) in v, "include?": lambda v, k: str(k) in v, "member?": lambda v, k: str(k) in v,
    "merge": lambda v, *o: _merged(v, *o), "to_h": dict, "dup": dict, "size": len, "length": len, "any?": bool,
    "to_a": lambda v: [list(p) for p in v.items()], "dig": lambda v, *k: _dug(v, k), "compact": lambda v: {
        k: i for k, i in v.items() if i is not None}, "freeze": lambda v: v, "with_indifferent_access": dict,
    "symbolize_keys": dict, "stringify_keys": dict, "transform_keys": dict, "except": lambda v, *k: {
        n: i for n, i in v.items() if n not in k}, "slice": lambda v, *k: {n: v[n] for n in k if n in v},
}  # fmt: skip
ASKS = ("key?", "has_key?", "include?", "member?")
SAME = ("to_s", "strip", "chomp", "shellescape", "to_str", "presence", "freeze", "dup")  # also of what is not known


class Library(Expressions):
    """The methods of Ruby's own classes; NOT_KNOWN where a value is none of those."""

    root = "/"  # of a Rails application

    def of_constant(self, holder: str, name: str, args: list[object]) -> object:
        first = args[0] if args else None
        if holder == "ENV":
            return self.environment(name, args)
        if holder in ("File", "Pathname", "FileUtils", "Dir"):
            return self.of_files(holder, name, args)
        if holder == "Shellwords" and known(args) and args:
            return _pure(WORDS.get(name), args[:1])
        if holder == "Rails" and name == "root":
            return self.root
        if holder == "Rails" and name == "env":
            stage = self.variable("RAILS_ENV")
            return stage if isinstance(stage, str) else "development"
        if holder == "Gem" and name in ("win_platform?", "java_platform?"):
            return False
        if holder == "RbConfig" and name == "ruby":
            return "ruby"
        if holder in ("Integer", "String", "Array", "Float") and known(first) and args:
            return self.of_value(first, {"Integer": "to_i", "String": "to_s", "Float": "to_f"}.get(holder, "to_a"), [])
        return NOT_KNOWN

    def of_files(self, holder: str, name: str, args: list[object]) -> object:
        texts = [a for a in args if isinstance(a, str)]
        if name in ("pwd", "getwd"):
            return self.cwd
        if len(texts) != len(args) or not texts:
            return NOT_KNOWN
        if name == "join":
            return "/".join(t.strip("/") if n else t.rstrip("/") for n, t in enumerate(texts)) or "/"
        if name in ("expand_path", "absolute_path", "realpath"):
            base = posixpath.join(self.cwd, texts[1]) if len(texts) > 1 else self.cwd
            return posixpath.normpath(posixpath.join(base, texts[0]))
        if name == "new" and holder == "Pathname":
            return texts[0]
        kinds = {"dirname": posixpath.dirname, "basename": posixpath.basename}
        if name in kinds:
            made = kinds[name](texts[0])
            return made.removesuffix(texts[1].replace(".*", "")) if len(texts) > 1 else made
        return NOT_KNOWN

    def environment(self, name: str, args: list[object]) -> object:
        first = args[0] if args else None
        if name in (*ASKS, "[]", "fetch", "delete", "dig") and isinstance(first, str):
            if name == "fetch":
                return self.fetched(first, args[1:])
            got = self.variable(first)
            if name == "delete":
                self.put_variable(first, None)
            return not isinstance(got, Late) if name.endswith("?") else got
        if name in ("[]=", "store") and isinstance(first, str) and len(args) > 1:
            self.put_variable(first, args[1])
            return args[1]
        if name in ("update", "merge!", "replace"):
            for one in args:
                for key, value in one.items() if isinstance(one, dict) else ():
                    self.put_variable(key, value)
            return Unknown("ENV")
        if name in ("to_h", "to_hash", "dup", "clone", "merge"):
            return dict(self.env) | {k: v for a in args if isinstance(a, dict) for k, v in a.items()}
        return Unknown("ENV")

    def fetched(self, name: str, default: list[object]) -> object:
        self.asked[name] = None
        if name in self.env:
            return self.env[name]
        return default[0] if default else self.needed(name)

    def of_value(self, holder: object, name: str, args: list[object]) -> object:
        """A method of a plain value, of nil or of a variable that is not set."""
        if name in ("nil?", "!"):
            held = truth(holder)
            nothing = holder is None or isinstance(holder, Late)
            return NOT_KNOWN if held is None else not held if name == "!" else nothing
        if holder is None or isinstance(holder, Late):
            return self.of_nothing(holder, name, args)
        if isinstance(holder, bool):
            table = {"present?": holder, "blank?": not holder, "to_s": text(holder)}
            return table.get(name, NOT_KNOWN)
        if isinstance(holder, int | float):
            return _pure(NUMBERS.get(name), [holder])
        if isinstance(holder, str):
            return self.of_text(holder, name, args)
        if isinstance(holder, list):
            return self.of_list(holder, name, args)
        return self.of_mapping(holder, name, args) if isinstance(holder, dict) else NOT_KNOWN

    def of_nothing(self, holder: object, name: str, args: list[object]) -> object:
        if name in ("to_s", "to_str"):
            return holder if isinstance(holder, Late) else ""
        if name in ("empty?", "blank?", "zero?"):
            return True
        if name in ("present?", "include?", "start_with?", "end_with?", "match?", "any?", "positive?"):
            return False
        if name == "eql?":
            return args[:1] == [None]
        table: dict[str, object] = {"to_i": 0, "to_a": [], "presence": None, "to_h": {}, "length": 0, "size": 0}
        same = name in ("strip", "downcase", "upcase", "chomp", "dup", "to_sym")
        return table.get(name, holder if same else NOT_KNOWN)

    def of_text(self, holder: str, name: str, args: list[object]) -> object:
        if OPEN in holder and name not in SAME:
            return NOT_KNOWN
        if name in ("to_i", "to_f"):
            digits = holder.strip().removeprefix("-")
            end = next((i for i, c in enumerate(digits) if not (c.isdigit() and c.isascii())), len(digits))
            return int(digits[:end][:15] or 0) * (-1 if holder.strip().startswith("-") else 1)
        if name == "join" and all(isinstance(a, str) for a in args):  # of Pathname
            return posixpath.join(holder, *(str(a) for a in args))
        if name in ("+", "concat"):
            return holder + "".join(map(str, args)) if known(args) else NOT_KNOWN
        if name == "%" and known(args) and args:
            return _pure(lambda s, a: s % (tuple(a) if isinstance(a, list) else a), [holder, args[0]])
        if name.endswith("?") and not args and name not in TEXTS:  # Rails.env.production?
            return holder == name[:-1] if holder.isalpha() else NOT_KNOWN
        return _pure(TEXTS.get(name), [holder, *args]) if known(args) else NOT_KNOWN

    def of_list(self, holder: list[object], name: str, args: list[object]) -> object:
        if name in ("push", "append", "<<", "concat", "unshift", "prepend"):
            more = [i for a in args if isinstance(a, list) for i in a] if name == "concat" else args
            if len(holder) + len(more) < MAX_LENGTH:
                holder[:] = [*more, *holder] if name in ("unshift", "prepend") else [*holder, *more]
            return holder
        if name in ("shift", "pop") and not args:
            return holder.pop(0 if name == "shift" else -1) if holder else None
        if name == "delete" and args:
            holder[:] = [i for i in holder if i != args[0]]
            return args[0]
        if name in ("-", "+") and args and isinstance(args[0], list):
            return [i for i in holder if i not in args[0]] if name == "-" else [*holder, *args[0]]
        if name in ("first", "last", "length", "size", "empty?", "any?", "flatten", "compact", "dup", "to_a", "reverse",
                    "drop", "take", "freeze", "blank?", "present?"):  # fmt: skip
            return _pure(LISTS[name], [holder, *args])
        return _pure(LISTS.get(name), [holder, *args]) if known([*holder, *args]) else NOT_KNOWN

    def of_mapping(self, holder: dict[str, object], name: str, args: list[object]) -> object:
        first = args[0] if args else None
        if name in ("fetch", "[]") and isinstance(first, str | int):
            return holder.get(str(first), args[1] if len(args) > 1 else None)
        if name in ("[]=", "store") and isinstance(first, str | int) and len(args) > 1:
            holder[str(first)] = args[1]
            return args[1]
        if name in ("merge!", "update"):
            for one in args:
                holder |= one if isinstance(one, dict) else {}
            return holder
        if name == "delete" and isinstance(first, str):
            return holder.pop(first, None)
        return _pure(MAPS.get(name), [holder, *args])


def _pure(function: Callable[..., object] | None, args: list[Any]) -> object:
    """A function without effects; what it raises, and a text that is too long, makes its value unknown."""
    if function is None or sum(len(a) for a in args if isinstance(a, str)) > MAX_LENGTH:
        return NOT_KNOWN
    try:
        got = function(*args)
    except Exception:  # whatever a text of the image makes it raise
        return NOT_KNOWN
    return NOT_KNOWN if isinstance(got, str | list) and len(got) > MAX_LENGTH else got


def _text(value: object) -> str:
    made = text(value)
    if made is None:
        raise ValueError
    return made


def _flat(items: list[object]) -> list[object]:
    return [i for one in items for i in (_flat(one) if isinstance(one, list) else [one])]


def _merged(first: dict[str, object], *others: object) -> dict[str, object]:
    return {**first, **{k: v for o in others if isinstance(o, dict) for k, v in o.items()}}


def _dug(holder: object, keys: tuple[object, ...]) -> object:
    for key in keys:
        holder = holder.get(str(key)) if isinstance(holder, dict) else None
    return holder
