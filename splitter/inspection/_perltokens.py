"""Perl to tokens: what `_tokens` knows of strings and comments, and Perl's own ways to quote (perlop, perlpod).

`q()`, `qw()`, `m//` and their kin, patterns between slashes, here-documents, POD, and what follows `__END__`.
"""

from splitter.inspection._tokens import CLOSES, MAX_TOKENS, Token, TokenReader

QUOTES = {"q": 1, "qq": 1, "qw": 1, "qr": 1, "qx": 1, "m": 1, "s": 2, "tr": 2, "y": 2}  # and how many parts follow
TEXTS = ("q", "qq")
NEVER = ",;)=}>"  # what follows a word that only looks like one of these: a key of a hash
BEFORE_PATTERN = frozenset(("if", "unless", "and", "or", "not", "split", "grep", "while", "until", "return", "x"))


def perl_tokens(text: str) -> list[Token]:
    """The tokens of a text, as far as there are not too many; what is not closed ends with the text."""
    return [token for token, _ in zip(_Perl(text, "perl").tokens(), range(MAX_TOKENS), strict=False)]


class _Perl(TokenReader):
    def _next(self) -> Token | None:
        text, at = self.text, self.at
        start = at == 0 or text[at - 1] == "\n"
        if start and text[at] == "=" and text[at + 1 : at + 2].isalpha():
            end = text.find("\n=cut", at)
            self._move(
                len(text) if end < 0 else text.find("\n", end + 1) if text.find("\n", end + 1) > 0 else len(text)
            )
            return None
        if text[at] == "$" and text[at + 1 : at + 2] in ("#", "'", '"', "/", "`", "&", ";", ","):
            # `$#list`, and the variables whose names are marks.
            self._move(at + 2)
            return Token("name", text[at : at + 2], self.line)
        if text[at] == "<" and (mark := self._heredoc_word()):
            return self._heredoc(*mark, self.line)
        if text[at] == "/" and self._pattern():
            return self._parts(at, 1, self.line, "")
        if text[at].isalpha() and (word := self._quote()):
            return self._parts(at + len(word), QUOTES[word], self.line, word)
        token = super()._next()
        if token is not None and token.text in ("__END__", "__DATA__"):
            self._move(len(text))
            return None
        return token

    def _quote(self) -> str:
        """The word that opens a quotation here; "" for a word like others."""
        text, at = self.text, self.at
        end = at
        while end < len(text) and (text[end].isalnum() or text[end] == "_") and end - at < 3:
            end += 1
        word = text[at:end]
        last = self.last.text if self.last is not None else ""
        if word not in QUOTES or last in ("->", "sub", "::", "%", "&") or (at and text[at - 1] in "$@%&{"):
            return ""
        opens = text[end : end + 1]
        if opens.isspace():
            opens = text[end:].lstrip()[:1] if len(text) - end < 200 else text[end : end + 200].lstrip()[:1]
            return "" if opens in ("", "#", *NEVER) or opens.isalnum() else word
        return "" if opens in ("", *NEVER) or opens.isalnum() or opens == "_" else word

    def _parts(self, at: int, parts: int, line: int, word: str) -> Token:
        """A quotation of one part or two, from where its opening mark may stand; nested brackets are counted."""
        text = self.text
        body = ""
        for n in range(parts):
            while at < len(text) and text[at].isspace():
                at += 1
            opens = text[at : at + 1]
            closes, depth = CLOSES.get(opens, opens), 1
            start = at = at + 1
            while at < len(text):
                if text[at] == "\\":
                    at += 1
                elif text[at] == closes:
                    depth -= 1
                    if not depth:
                        break
                elif text[at] == opens:
                    depth += 1
                at += 1
            body = text[start:at] if not n else body
            # `s/a/b/` has one mark between its parts, `s{a}{b}` two of its own.
            at += 0 if n + 1 < parts and opens not in CLOSES else 1
        self._move(at)
        plain = word == "q" or (word == "qq" and not set(body) & set("$@\\"))
        return Token("string", body if word in TEXTS else "", line, not plain)

    def _pattern(self) -> bool:
        last = self.last
        if last is None or last.text in BEFORE_PATTERN:
            return True
        if last.kind in ("name", "number", "string") or last.text in (")", "]", "}", "/"):
            return False
        end = self.text.find("\n", self.at)
        return self.text.find("/", self.at + 1, end if end >= 0 else len(self.text)) > 0

    def _heredoc_word(self) -> tuple[str, int] | None:
        text, at = self.text, self.at
        if not text.startswith("<<", at):
            return None
        at += 3 if text.startswith("<<~", at) else 2
        quote = text[at : at + 1] if text[at : at + 1] in ("'", '"') else ""
        at += len(quote)
        end = at
        while end < len(text) and (text[end].isalnum() or text[end] == "_"):
            end += 1
        if end == at or text[at].isdigit() or (quote and text[end : end + 1] != quote):
            return None
        return text[at:end], end + len(quote)
