"""What binds to what: redirections, pipes and the patterns of a case arm, where the grammar groups otherwise."""

import tree_sitter

from splitter.shell.syntax import AndOr, Not, Pipeline, Redir, Redirected, Simple, Span, Statement

_LETTERS = bytes(b if b < 0x80 else ord("%") for b in range(256))


def redirected(body: Statement, redirects: tuple[Redir, ...], span: Span) -> Statement:
    """A redirection belongs to the last command of a list or pipeline, not to all of it."""
    match body:
        case Simple():
            words = body.words
            if len(words) == 2 and words[0] == "exec" and isinstance(words[1], str) and words[1].startswith("{"):
                words = words[:1]  # `exec {fd}> file` opens a file
            return Simple(span, body.assigns, words, body.redirects + redirects)
        case AndOr():
            right = redirected(body.right, redirects, _to(body.right.span, span))
            return AndOr(span, body.left, body.op, right)
        case Pipeline():
            last = redirected(body.parts[-1], redirects, _to(body.parts[-1].span, span))
            return Pipeline(span, (*body.parts[:-1], last))
        case Not():
            return Not(span, redirected(body.body, redirects, _to(body.body.span, span)))
        case _:
            pass
    return Redirected(span, body, redirects) if redirects else body


def bound(span: Span, parts: list[Statement]) -> Statement:
    """A pipe binds tighter than `&&`, `||` and looser than nothing else; `!` negates the whole pipeline."""
    head = parts[0]
    if len(parts) == 1:
        return head
    if isinstance(head, AndOr):
        right = bound(
            Span(head.right.span.start, span.end, head.right.span.line, span.end_line), [head.right, *parts[1:]]
        )
        return AndOr(span, head.left, head.op, right)
    if isinstance(head, Not):
        return Not(span, bound(span, [head.body, *parts[1:]]))
    flat: list[Statement] = []
    for part in parts:
        flat.extend(part.parts if isinstance(part, Pipeline) else [part])
    return Pipeline(span, tuple(flat))


def _to(inner: Span, outer: Span) -> Span:
    return Span(inner.start, outer.end, inner.line, outer.end_line)


def alternatives(text: str) -> tuple[str, ...]:
    """The patterns of a case arm: `a|b` at the top level, quotes and parentheses respected."""
    found: list[str] = []
    depth, quote, start, at = 0, "", 0, 0
    while at < len(text):
        char = text[at]
        if char == "\\":
            at += 1
        elif quote:
            quote = "" if char == quote else quote
        elif char in "'\"":
            quote = char
        elif char in "({":
            depth += 1
        elif char in ")}":
            depth -= 1
        elif char == "|" and depth <= 0:
            found.append(text[start:at].strip())
            start = at + 1
        at += 1
    found.append(text[start:].strip())
    return tuple(found)


def wrong(root: tree_sitter.Node) -> tree_sitter.Node:
    """The innermost place that does not parse."""
    node = root
    while inner := next((c for c in node.children if c.is_missing or c.has_error), None):
        node = inner
    return node


def lettered(raw: bytes) -> bytes:
    """A text with bytes beyond ASCII as `%`: like them it is part of a word and of no name, and takes the same place.

    The scanner of the grammar asks `isdigit` of whole code points and so reads outside of its table (C17, 7.4), by
    which a text of an image could end the program.
    """
    return raw.translate(_LETTERS)


def grouped(raw: bytes) -> bytes:
    """The text with `\\(` and `\\)` as plain brackets of the same width, on lines where they stand in `[ ]`."""
    lines = raw.split(b"\n")
    for at, line in enumerate(lines):
        first, last = line.find(b"[ "), line.rfind(b" ]")
        if 0 <= first < last:
            inside = line[first:last].replace(b" \\(", b"  (").replace(b" \\)", b"  )")
            lines[at] = line[:first] + inside + line[last:]
    return b"\n".join(lines)
