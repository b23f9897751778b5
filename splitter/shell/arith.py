"""Shell arithmetic on known numbers."""

from collections.abc import Callable

MAX_TOKENS = 200
_BINARY = {
    "||": 1, "&&": 2, "|": 3, "^": 4, "&": 5, "==": 6, "!=": 6, "<": 7, ">": 7, "<=": 7, ">=": 7, "<<": 8, ">>": 8,
    "+": 9, "-": 9, "*": 10, "/": 10, "%": 10,
}  # fmt: skip
_SIGNS = (
    "**", "++", "--", "+=", "-=", "*=", "/=", "||", "&&", "==", "!=", "<=", ">=", "<<", ">>", "<", ">", "+", "-", "*",
    "/", "%", "=", "(", ")", "!", "~", "?", ":", ",", "&", "|", "^",
)  # fmt: skip
LIMIT = 1 << 63

Get = Callable[[str], int | None]
Set = Callable[[str, int | None], None]


def evaluate(text: str, get: Get, put: Set) -> int | None:
    """The value; None where an operand is not known or the text is not understood. Assignments go to `put`."""
    tokens = _tokens(text)
    if tokens is None:
        return None
    reader = _Reader(tokens, get, put)
    try:
        value = reader.comma()
    except (_Lost, RecursionError):
        return None
    return value if reader.at == len(tokens) and value is not None and abs(value) < LIMIT else None


class _Lost(Exception):
    pass


def _tokens(text: str) -> list[str] | None:
    tokens: list[str] = []
    at = 0
    while at < len(text):
        if text[at].isspace():
            at += 1
            continue
        if text[at].isalnum() or text[at] == "_":
            end = at
            while end < len(text) and (text[end].isalnum() or text[end] in "_#"):
                end += 1
            tokens.append(text[at:end])
            at = end
        else:
            sign = next((s for s in _SIGNS if text.startswith(s, at)), None)
            if sign is None:
                return None
            tokens.append(sign)
            at += len(sign)
        if len(tokens) > MAX_TOKENS:
            return None
    return tokens


class _Reader:
    def __init__(self, tokens: list[str], get: Get, put: Set) -> None:
        self.tokens, self.get, self.put, self.at = tokens, get, put, 0

    def peek(self) -> str:
        return self.tokens[self.at] if self.at < len(self.tokens) else ""

    def take(self) -> str:
        token = self.peek()
        self.at += 1
        return token

    def comma(self) -> int | None:
        value = self.assignment()
        while self.peek() == ",":
            self.take()
            value = self.assignment()
        return value

    def assignment(self) -> int | None:
        name = self.peek()
        op = self.tokens[self.at + 1] if self.at + 1 < len(self.tokens) else ""
        if _is_name(name) and op in ("=", "+=", "-=", "*=", "/="):
            self.at += 2
            value = self.assignment()
            old = self.get(name) if op != "=" else 0
            done = value if op == "=" else _apply(op[0], old, value)
            self.put(name, done)
            return done
        return self.choice()

    def choice(self) -> int | None:
        test = self.binary(1)
        if self.peek() != "?":
            return test
        self.take()
        yes = self.assignment()
        if self.take() != ":":
            raise _Lost
        no = self.assignment()
        return None if test is None else yes if test else no

    def binary(self, least: int) -> int | None:
        left = self.unary()
        while (level := _BINARY.get(self.peek(), 0)) >= least:
            op = self.take()
            left = _apply(op, left, self.binary(level + 1))
        return left

    def unary(self) -> int | None:
        token = self.take()
        if token in ("-", "+", "!", "~"):
            value = self.unary()
            if value is None:
                return None
            return {"-": -value, "+": value, "!": int(not value), "~": ~value}[token]
        if token in ("++", "--"):
            return self.step(self.take(), 1 if token == "++" else -1, after=True)
        if token == "(":
            value = self.comma()
            if self.take() != ")":
                raise _Lost
            return value
        if _is_name(token):
            if self.peek() in ("++", "--"):
                return self.step(token, 1 if self.take() == "++" else -1, after=False)
            return self.get(token)
        return _number(token)

    def step(self, name: str, by: int, *, after: bool) -> int | None:
        old = self.get(name)
        new = None if old is None else old + by
        self.put(name, new)
        return new if after else old


def _is_name(token: str) -> bool:
    return token.isidentifier() and token.isascii()


def _number(token: str) -> int:
    base, sharp, digits = token.partition("#")
    try:
        if sharp:
            return int(digits, int(base))
        if len(token) > 1 and token[0] == "0" and token[1] not in "xX":
            return int(token, 8)
        return int(token, 0) if len(token) < 30 else int("?")
    except ValueError:
        raise _Lost from None


def _apply(op: str, left: int | None, right: int | None) -> int | None:
    if left is None or right is None:
        return None
    match op:
        case "+":
            return left + right
        case "-":
            return left - right
        case "*":
            return left * right if abs(left) < LIMIT and abs(right) < LIMIT else None
        case "/" | "%":
            if right == 0:
                return None
            quotient = abs(left) // abs(right) * (1 if (left < 0) == (right < 0) else -1)
            return quotient if op == "/" else left - quotient * right
        case "<<" | ">>":
            if not 0 <= right < 64:
                return None
            return left << right if op == "<<" else left >> right
        case "||":
            return int(bool(left or right))
        case "&&":
            return int(bool(left and right))
        case "&" | "|" | "^":
            return {"&": left & right, "|": left | right, "^": left ^ right}[op]
        case "==" | "!=" | "<" | ">" | "<=" | ">=":
            return int({"==": left == right, "!=": left != right, "<": left < right, ">": left > right,
                        "<=": left <= right, ">=": left >= right}[op])  # fmt: skip
        case _:
            return None
