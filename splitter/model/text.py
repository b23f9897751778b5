"""Text that came from an image, made safe for a terminal or a comment."""

# U+061C, U+200E-F, U+202A-E and U+2066-9 turn the direction of what follows and so can hide it (Unicode UAX 9).
_TURNS = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def printable(text: str, keep: str = "") -> str:
    """The text with every control character and lone surrogate shown as `?`; those in `keep` stay."""
    return "".join(c if c in keep or (c.isprintable() and c not in _TURNS) else "?" for c in text)
