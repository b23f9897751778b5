"""Source text of script languages to tokens: names, strings, numbers and marks, with their lines; comments left out.

One reader for JavaScript, Ruby, PHP and the C-like configuration languages: it knows what a string, a comment and a
regular expression are, which is all that is needed to tell a setting from a word in a comment.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

Language = Literal["js", "ruby", "php", "c", "perl"]
MAX_TOKENS = 200_000
MAX_HEREDOC = 100  # lines; one that is not closed by then is none
ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "0": "\0"}
CLOSES = {"(": ")", "[": "]", "{": "}", "<": ">"}
# After one of these words a slash begins a regular expression, not a division.
BEFORE_REGEX = frozenset(("return", "typeof", "case", "in", "of", "if", "unless", "when", "and", "or", "not", "split"))
NAME_MARKS = {"js": "_$", "ruby": "_@$", "php": "_$\\", "c": "_", "perl": "_$@"}
MIXES = {"php": "$", "perl": "$@"}  # what begins a variable within a string
COMMENTS = {"js": ("//",), "ruby": ("#",), "php": ("//", "#"), "c": ("//", "#"), "perl": ("#",)}


@dataclass(frozen=True)
class Token:
    """One token. A string's text is without its quotes; `mixed` has parts that only running tells."""

    kind: Literal["name", "string", "number", "mark"]
    text: str
    line: int
    mixed: bool = False


def tokens(text: str, language: Language) -> list[Token]:
    """The tokens of a text, as far as there are not too many; what is not closed ends with the text."""
    found: list[Token] = []
    for token in TokenReader(text, language).tokens():
        found.append(token)
        if len(found) >= MAX_TOKENS:
            break
    return found


class TokenReader:
    """One text in one language; `_perltokens` adds to it what only Perl has."""

    def __init__(self, text: str, language: Language) -> None:
        self.text, self.language = text, language
        self.at, self.line = 0, 1
        self.last: Token | None = None
        self.inside = language != "php" or "<?" not in text

    def tokens(self) -> Iterator[Token]:
        while self.at < len(self.text):
            if not self.inside:
                self._skip_to("<?", 2)
                self.inside = True
                if self.text.startswith("php", self.at):
                    self._move(self.at + 3)
                continue
            token = self._next()
            if token is not None:
                self.last = token
                yield token

    def _move(self, to: int) -> None:
        to = min(to, len(self.text))
        self.line += self.text.count("\n", self.at, to)
        self.at = to

    def _skip_to(self, mark: str, more: int) -> None:
        end = self.text.find(mark, self.at)
        self._move(len(self.text) if end < 0 else end + more)

    def _next(self) -> Token | None:
        text, at, line = self.text, self.at, self.line
        char = text[at]
        if char.isspace():
            self._move(at + 1)
            return None
        if self.language == "php" and text.startswith("?>", at):
            self._move(at + 2)
            self.inside = False
            return None
        if any(text.startswith(mark, at) for mark in COMMENTS[self.language]):
            self._comment()
            return None
        if text.startswith("/*", at) and self.language not in ("ruby", "perl"):
            self._move(at + 2)
            self._skip_to("*/", 2)
            return None
        if self.language == "ruby" and text.startswith("=begin", at) and (at == 0 or text[at - 1] == "\n"):
            self._skip_to("\n=end", 5)
            return None
        if char in "'\"" or (char == "`" and self.language in ("js", "ruby")):
            return self._string(char, char, at + 1, line)
        if self.language == "ruby" and char == "%" and self._percent():
            return self._percent_string(line)
        if heredoc := self._heredoc_mark():
            return self._heredoc(*heredoc, line)
        if char == "/" and self._regex_here():
            return self._regex(line)
        if char.isascii() and char.isdigit():
            end = at
            while end < len(text) and (text[end].isalnum() or text[end] in "._"):
                end += 1
            self._move(end)
            return Token("number", text[at:end].replace("_", ""), line)
        if char.isalpha() or char in NAME_MARKS[self.language]:
            end = at
            while end < len(text) and (text[end].isalnum() or text[end] in NAME_MARKS[self.language]):
                end += 1
            self._move(max(end, at + 1))
            return Token("name", text[at : self.at], line)
        for mark in ("||=", "??=", "||", "??", "?:", "=>", "->", "::", "?.", "&&"):
            if text.startswith(mark, at):
                self._move(at + len(mark))
                return Token("mark", mark, line)
        self._move(at + 1)
        return Token("mark", char, line)

    def _comment(self) -> None:
        end = self.text.find("\n", self.at)
        close = self.text.find("?>", self.at, end if end >= 0 else len(self.text)) if self.language == "php" else -1
        self._move(close if close >= 0 else (len(self.text) if end < 0 else end))

    def _string(self, opens: str, closes: str, at: int, line: int) -> Token:
        text, made, mixed = self.text, [], False
        mixes = opens != "'" or self.language == "js"
        while at < len(text) and text[at] != closes:
            char = text[at]
            if char == "\\" and at + 1 < len(text):
                made.append(ESCAPES.get(text[at + 1], text[at + 1]) if mixes else self._single(text[at + 1], closes))
                at += 2
            elif mixes and self._hole(at, opens):
                end = self._after_hole(at + 1)
                made.append(text[at:end])
                mixed = True
                at = end
            else:
                mixed = mixed or (mixes and char in MIXES.get(self.language, "") and text[at + 1 : at + 2].isalpha())
                made.append(char)
                at += 1
        self._move(at + 1)
        return Token("string", "".join(made), line, mixed)

    @staticmethod
    def _single(char: str, closes: str) -> str:
        return char if char in (closes, "\\") else "\\" + char

    def _hole(self, at: int, opens: str) -> bool:
        if self.language == "ruby":
            return self.text.startswith("#{", at)
        if self.language == "js":
            return opens == "`" and self.text.startswith("${", at)
        return self.language == "php" and (self.text.startswith("${", at) or self.text.startswith("{$", at))

    def _after_hole(self, at: int) -> int:
        """Where `#{...}` ends: braces are counted, strings within passed over."""
        depth, quote = 0, ""
        at -= self.language == "php" and self.text[at] == "$"
        while at < len(self.text):
            char = self.text[at]
            if quote:
                at += char == "\\"
                quote = "" if char == quote else quote
            elif char in "'\"":
                quote = char
            elif char in "{}":
                depth += 1 if char == "{" else -1
                if depth == 0:
                    return at + 1
            at += 1
        return at

    def _percent(self) -> bool:
        """`%w[`, `%q(`, `%(` where a value may begin."""
        at = self.at + 1
        at += self.text[at : at + 1] in ("w", "W", "q", "Q", "i", "I", "r", "x")
        bracket = self.text[at : at + 1]
        return bracket in ("(", "[", "{") and bracket != "" and not self._value_before()

    def _percent_string(self, line: int) -> Token:
        at = self.at + 1
        while self.text[at] not in CLOSES:
            at += 1
        opens, depth, start = self.text[at], 0, at + 1
        while at < len(self.text):
            depth += (self.text[at] == opens) - (self.text[at] == CLOSES[opens])
            if depth == 0:
                break
            at += 1
        self._move(at + 1)
        return Token("string", self.text[start:at], line, "#{" in self.text[start:at])

    def _heredoc_mark(self) -> tuple[str, int] | None:
        """The word that ends a here-document beginning here, and where the line goes on."""
        text, at = self.text, self.at
        if self.language == "php" and text.startswith("<<<", at):
            at += 3
            while text[at : at + 1] in (" ", "\t"):
                at += 1
        elif self.language == "ruby" and text.startswith(("<<~", "<<-"), at):
            at += 3
        else:
            return None
        quote = text[at : at + 1] if text[at : at + 1] in ("'", '"') else ""
        at += len(quote)
        end = at
        while end < len(text) and (text[end].isalnum() or text[end] == "_"):
            end += 1
        return (text[at:end], end + len(quote)) if end > at else None

    def _heredoc(self, word: str, after: int, line: int) -> Token:
        start = self.text.find("\n", after)
        if start < 0:
            self._move(len(self.text))
            return Token("string", "", line)
        at = start + 1
        for _ in range(MAX_HEREDOC):
            if at >= len(self.text):
                break
            end = self.text.find("\n", at)
            end = len(self.text) if end < 0 else end
            if self.text[at:end].strip().rstrip(";,)") == word:
                # What follows the mark on its own line is let go: it is `.strip` or a comma, never a setting.
                body = self.text[start + 1 : at]
                self._move(end)
                return Token("string", body, line, True)
            at = end + 1
        self._move(after)
        return Token("string", "", line, True)

    def _value_before(self) -> bool:
        last = self.last
        if last is None:
            return False
        if last.kind == "name":
            return last.text not in BEFORE_REGEX and (self.language != "ruby" or self.text[self.at - 1] != " ")
        return last.kind in ("number", "string") or last.text in (")", "]", "}")

    def _regex_here(self) -> bool:
        if self.language not in ("js", "ruby") or self._value_before():
            return False
        end = self.text.find("\n", self.at)
        return self.text.find("/", self.at + 1, end if end >= 0 else len(self.text)) > 0

    def _regex(self, line: int) -> Token | None:
        at, bracket = self.at + 1, False
        while at < len(self.text) and self.text[at] != "\n":
            char = self.text[at]
            if char == "\\":
                at += 1
            elif char == "[":
                bracket = True
            elif char == "]":
                bracket = False
            elif char == "/" and not bracket:
                break
            at += 1
        self._move(at + 1)
        return Token("string", "", line, True)
