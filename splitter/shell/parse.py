"""tree-sitter-bash's tree to our statements, with that grammar's odd groupings put right."""

from collections.abc import Iterable
from functools import lru_cache

import tree_sitter
import tree_sitter_bash

from splitter.shell._grouping import alternatives, bound, grouped, lettered, redirected, wrong
from splitter.shell.syntax import (
    AndOr,
    Arithmetic,
    ArithmeticFor,
    Assign,
    Background,
    Broken,
    Case,
    For,
    Function,
    If,
    Not,
    Redir,
    Script,
    Sequence,
    Simple,
    Span,
    Statement,
    Subshell,
    Test,
    While,
)  # fmt: skip

Node = tree_sitter.Node
MAX_DEPTH = 80  # levels of nesting; a tree that is deeper was not written by a person
_PARSER = tree_sitter.Parser(tree_sitter.Language(tree_sitter_bash.language()))
_SKIP = frozenset((";", ";;", "\n", "then", "do", "done", "fi", "esac", "{", "}", "(", ")", "comment", "in"))
_COMMANDS = frozenset(("command", "declaration_command", "unset_command", "test_command", "variable_assignment"))


@lru_cache(maxsize=1024)
def parse(text: str) -> Script:
    """The statements of a script. Never raises; what does not parse is in `broken` and the rest is there."""
    raw = text.encode("utf-8", "replace")
    tree = _PARSER.parse(lettered(raw))
    if tree.root_node.has_error and b"\\(" in raw:
        # The grammar has no `[ \( ... \) ]`; a plain bracket it takes, and the places stay the same.
        plain = _PARSER.parse(grouped(lettered(raw)))
        tree = plain if not plain.root_node.has_error else tree
    reader = _Reader(raw)
    body = reader.sequence(tree.root_node.children, tree.root_node, 0)
    if tree.root_node.has_error and not reader.broken:
        reader.spoil(wrong(tree.root_node))
    return Script(body, raw, tuple(reader.broken))


class _Reader:
    def __init__(self, raw: bytes) -> None:
        self.raw = raw
        self.broken: list[Broken] = []

    def text(self, node: Node) -> str:
        return self.slice(node.start_byte, node.end_byte)

    def slice(self, start: int, end: int) -> str:
        return self.raw[start:end].decode("utf-8", "replace")

    def span(self, first: Node, last: Node | None = None) -> Span:
        last = last or first
        start, end = first.start_byte, last.end_byte
        while end > start and self.raw[end - 1 : end] in (b"\n", b" ", b"\t"):
            end -= 1
        line = first.start_point[0] + 1
        return Span(start, end, line, line + self.raw.count(b"\n", start, end))

    def spoil(self, node: Node) -> None:
        if len(self.broken) < 50:
            self.broken.append(Broken(node.start_point[0] + 1, self.text(node)[:60]))

    def sequence(self, children: Iterable[Node], around: Node, depth: int) -> Sequence:
        """Statements of a body; a `&` after one sends it to the background."""
        body: list[Statement] = []
        nodes = list(children)
        for node in nodes:
            if node.type == "&" and body:
                last = body.pop()
                s = last.span
                body.append(Background(Span(s.start, node.end_byte, s.line, node.end_point[0] + 1), last))
            elif node.type in _SKIP or (not node.is_named and not node.is_missing):
                continue
            else:
                body.extend(self.statements(node, depth + 1))
        inner = [n for n in nodes if n.is_named]
        span = self.span(inner[0], inner[-1]) if inner else self.span(around)
        return Sequence(span, tuple(body))

    def statements(self, node: Node, depth: int) -> list[Statement]:
        if depth > MAX_DEPTH:
            self.spoil(node)
            return []
        if node.is_missing or node.type == "ERROR":
            self.spoil(node)
            found: list[Statement] = []
            for child in node.children:
                if child.type in _COMMANDS or child.type.endswith(("_statement", "_definition")):
                    found.extend(self.statements(child, depth + 1))
            return found
        if node.type == "command":
            return self.command(node, depth)
        one = self.statement(node, depth)
        return [one] if one is not None else []

    def one(self, node: Node, depth: int) -> Statement:
        found = self.statements(node, depth)
        return found[0] if len(found) == 1 else Sequence(self.span(node), tuple(found))

    def statement(self, node: Node, depth: int) -> Statement | None:
        kind, span = node.type, self.span(node)
        match kind:
            case "declaration_command" | "unset_command":
                return self.declaration(node)
            case "variable_assignment":
                return Simple(span, (self.assign(node),), ())
            case "variable_assignments":
                return Simple(span, tuple(self.assign(c) for c in node.named_children), ())
            case "test_command":
                return self.test(node)
            case "negated_command":
                return Not(span, self.one(node.named_children[0], depth + 1)) if node.named_children else None
            case "list":
                return self.and_or(node, depth)
            case "pipeline":
                return self.pipeline([c for c in node.children if c.is_named], span, depth)
            case "redirected_statement":
                return self.redirected(node, depth)
            case "subshell":
                named = node.named_children
                if len(named) == 1 and named[0].type == "subshell" and self.text(node) == f"({self.text(named[0])})":
                    # After `!` the grammar takes `((x))` for two sub-shells.
                    return Arithmetic(span, self.slice(node.start_byte + 2, node.end_byte - 2))
                return Subshell(span, self.sequence(node.children, node, depth))
            case "compound_statement":
                if node.children and node.children[0].type == "((":
                    return Arithmetic(
                        span, self.slice(node.start_byte + 2, max(node.end_byte - 2, node.start_byte + 2))
                    )
                return self.sequence(node.children, node, depth)
            case "if_statement":
                return self.if_(node, depth)
            case "case_statement":
                return self.case(node, depth)
            case "for_statement":
                return self.for_(node, depth)
            case "c_style_for_statement":
                return self.c_for(node, depth)
            case "while_statement":
                return self.while_(node, depth)
            case "function_definition":
                name, body = node.child_by_field_name("name"), node.child_by_field_name("body")
                if name is None or body is None:
                    return None
                return Function(span, self.text(name), self.one(body, depth + 1))
            case "comment" | "heredoc_body" | "heredoc_end":
                return None
            case _:
                pass
        self.spoil(node)
        return None

    def command(self, node: Node, depth: int) -> list[Statement]:
        """A simple command. The grammar runs assignments of earlier lines into it: a bare newline parts them."""
        groups: list[list[Node]] = [[]]
        for child in node.children:
            if groups[-1] and b"\n" in self.raw[groups[-1][-1].end_byte : child.start_byte].replace(b"\\\n", b""):
                groups.append([])
            groups[-1].append(child)
        return [s for g in groups if g and (s := self.simple(g)) is not None]

    def simple(self, nodes: list[Node]) -> Statement | None:
        assigns: list[Assign] = []
        words: list[str] = []
        redirects: list[Redir] = []
        end = -1
        for node in nodes:
            if node.type == "variable_assignment" and not words:
                assigns.append(self.assign(node))
            elif node.type.endswith("_redirect"):
                redirects.extend(self.redirect(node)[0])
            elif node.type == "ERROR" or node.is_missing:
                self.spoil(node)
                continue
            elif node.start_byte == end and words:
                words[-1] += self.text(node)
            else:
                words.append(self.text(node))
            end = node.end_byte
        return Simple(self.span(nodes[0], nodes[-1]), tuple(assigns), tuple(words), tuple(redirects))

    def declaration(self, node: Node) -> Statement:
        words: list[str | Assign] = []
        end = -1
        for child in node.children:
            last = words[-1] if words else None
            if child.type == "variable_assignment":
                words.append(self.assign(child))
            elif child.type == "ERROR" or child.is_missing:
                self.spoil(child)
            elif child.start_byte == end and isinstance(last, str):
                words[-1] = last + self.text(child)
            else:
                words.append(self.text(child))
            end = child.end_byte
        return Simple(self.span(node), (), tuple(words))

    def assign(self, node: Node) -> Assign:
        target, value = node.child_by_field_name("name"), node.child_by_field_name("value")
        name, index = self.text(target) if target else "", None
        if target is not None and target.type == "subscript":
            name, _, rest = name.partition("[")
            index = rest.removesuffix("]")
        append = any(c.type == "+=" for c in node.children)
        if value is None:
            return Assign(name, "", index, append)
        if value.type == "array":
            items: list[str] = []
            for child in value.named_children:
                if child.type != "comment":
                    items.append(self.text(child))
            return Assign(name, "", index, append, tuple(items))
        return Assign(name, self.text(value), index, append)

    def test(self, node: Node) -> Statement:
        tokens: list[str] = []
        self.tokens(node.children[1:-1], tokens, [-1], 0)
        return Test(self.span(node), tuple(tokens), node.children[0].type == "[[")

    def tokens(self, nodes: list[Node], into: list[str], end: list[int], depth: int) -> None:
        """The leaves of a condition, left to right; parts that touch are one word."""
        for node in nodes:
            nested = node.type.endswith("_expression") and depth < MAX_DEPTH
            if node.type == "ERROR" and node.named_child_count:
                nested = True
            if nested:
                self.tokens(node.children, into, end, depth + 1)
                continue
            if node.start_byte == end[0] and node.type not in ("(", ")") and into and into[-1] not in ("(", ")", "!"):
                into[-1] += self.text(node)
            else:
                into.append(self.text(node))
            end[0] = node.end_byte

    def and_or(self, node: Node, depth: int) -> Statement | None:
        parts = [c for c in node.children if c.is_named]
        ops = [c.type for c in node.children if c.type in ("&&", "||")]
        if len(parts) != 2 or len(ops) != 1:
            return Sequence(self.span(node), tuple(s for p in parts for s in self.statements(p, depth + 1)))
        left, right = self.one(parts[0], depth + 1), self.one(parts[1], depth + 1)
        return AndOr(self.span(node), left, ops[0], right)

    def pipeline(self, nodes: list[Node], span: Span, depth: int, head: Statement | None = None) -> Statement:
        parts = [head] if head is not None else []
        parts.extend(self.one(n, depth + 1) for n in nodes if n.type != "comment")
        if not parts:
            return Sequence(span, ())
        return bound(span, parts)

    def redirected(self, node: Node, depth: int) -> Statement:
        span = self.span(node)
        body = node.child_by_field_name("body")
        redirects: list[Redir] = []
        tail: list[tuple[str, Node]] = []
        for child in node.children:
            if child.type.endswith("_redirect"):
                got, more = self.redirect(child)
                redirects.extend(got)
                tail.extend(more)
            elif child.type == "ERROR":
                self.spoil(child)
        inner = self.one(body, depth + 1) if body is not None else Simple(span, (), ())
        done = redirected(inner, tuple(redirects), span)
        for op, right in tail:
            if op == "|":
                named = [c for c in right.children if c.is_named] if right.type == "pipeline" else [right]
                done = self.pipeline(named, span, depth, done)
            else:
                done = AndOr(span, done, op, self.one(right, depth + 1))
        return done

    def redirect(self, node: Node) -> tuple[list[Redir], list[tuple[str, Node]]]:
        """The redirections of one node, and what the grammar hangs into a here-document: a pipe or `&&` after it."""
        fd = node.child_by_field_name("descriptor")
        number = int(self.text(fd)) if fd is not None and self.text(fd).isdigit() else None
        if node.type == "heredoc_redirect":
            return self.heredoc(node, number)
        op = next((c.type for c in node.children if not c.is_named), "<")
        targets = [c for c in node.children if c.is_named and c.type != "file_descriptor"]
        if node.type == "herestring_redirect":
            return [Redir("<<<", number, body="".join(self.text(t) for t in targets[:1]))], []
        if any(t.type == "ERROR" for t in targets):
            self.spoil(node)
            targets = targets[:1]
        if not targets:
            return [Redir(op, number)], []
        return [Redir(op, number, self.slice(targets[0].start_byte, targets[-1].end_byte))], []

    def heredoc(self, node: Node, number: int | None) -> tuple[list[Redir], list[tuple[str, Node]]]:
        op, start, body = "<<", "", ""
        more: list[Redir] = []
        tail: list[tuple[str, Node]] = []
        joined = ""
        for child in node.children:
            if child.type in ("<<", "<<-"):
                op = child.type
            elif child.type == "heredoc_start":
                start = self.text(child)
            elif child.type == "heredoc_body":
                first = self.raw.rfind(b"\n", 0, child.start_byte) + 1
                body = self.slice(first, child.end_byte)
            elif child.type.endswith("_redirect"):
                more.extend(self.redirect(child)[0])
            elif child.type in ("&&", "||"):
                joined = child.type
            elif child.type == "pipeline":
                tail.append(("|", child))
            elif child.type == "ERROR":
                self.spoil(child)
            elif child.is_named and child.type != "heredoc_end":
                tail.append((joined or ";", child))
        if op == "<<-":
            body = "".join(line.lstrip("\t") for line in body.splitlines(keepends=True))
        literal = any(c in start for c in "'\"\\")
        return [Redir(op, number, body=body, literal=literal), *more], [t for t in tail if t[0] != ";"]

    def if_(self, node: Node, depth: int) -> Statement:
        condition: list[Node] = []
        body: list[Node] = []
        arms: list[tuple[Sequence, Sequence]] = []
        orelse: Sequence | None = None
        seen = False
        for child in node.children:
            if child.type == "then":
                seen = True
            elif child.type == "elif_clause":
                at = next((i for i, c in enumerate(child.children) if c.type == "then"), len(child.children))
                arms.append((
                    self.sequence(child.children[:at], child, depth),
                    self.sequence(child.children[at:], child, depth),
                ))  # fmt: skip
            elif child.type == "else_clause":
                orelse = self.sequence(child.children, child, depth)
            elif seen:
                body.append(child)
            else:
                condition.append(child)
        first = (self.sequence(condition, node, depth), self.sequence(body, node, depth))
        return If(self.span(node), (first, *arms), orelse)

    def case(self, node: Node, depth: int) -> Statement:
        word = node.child_by_field_name("value")
        arms: list[tuple[tuple[str, ...], Sequence, bool]] = []
        for item in node.children:
            if item.type == "ERROR":
                self.spoil(item)
            if item.type != "case_item":
                continue
            at = next((i for i, c in enumerate(item.children) if c.type == ")"), 0)
            head = item.children[:at]
            first = next((c.start_byte for c in head if c.type != "("), item.start_byte)
            patterns = alternatives(self.slice(first, item.children[at].start_byte) if at else "")
            falls = any(c.type in (";&", ";;&") for c in item.children)
            arms.append((patterns, self.sequence(item.children[at + 1 :], item, depth), falls))
        return Case(self.span(node), self.text(word) if word else "", tuple(arms))

    def for_(self, node: Node, depth: int) -> Statement:
        name, body = node.child_by_field_name("variable"), node.child_by_field_name("body")
        words: tuple[str, ...] | None = None
        if any(c.type == "in" for c in node.children):
            words = tuple(self.text(v) for v in node.children_by_field_name("value"))
        inner = self.sequence(body.children, body, depth) if body else Sequence(self.span(node), ())
        return For(self.span(node), self.text(name) if name else "", words, inner)

    def c_for(self, node: Node, depth: int) -> Statement:
        body = node.child_by_field_name("body")
        parts = [""]
        for child in node.children:
            if child.type == ";" and len(parts) < 3:
                parts.append("")
            elif child.type == "))":
                break
            elif child.type not in ("for", "(("):
                parts[-1] += self.text(child)
        first, condition, step = (*parts, "", "")[:3]
        inner = self.sequence(body.children, body, depth) if body else Sequence(self.span(node), ())
        return ArithmeticFor(self.span(node), first, condition, step, inner)

    def while_(self, node: Node, depth: int) -> Statement:
        body = node.child_by_field_name("body")
        condition = [c for c in node.children if c.type not in ("while", "until", "do_group")]
        inner = self.sequence(body.children, body, depth) if body else Sequence(self.span(node), ())
        until = any(c.type == "until" for c in node.children)
        return While(self.span(node), self.sequence(condition, node, depth), inner, until)
