"""A loopback address in a text, put somewhere else: the host becomes a service's name, or every address."""

from splitter.catalogue.listening import LOOPBACK

EVERY = "0.0.0.0"
HERE = ("localhost", "127.0.0.1", "[::1]", "::1", EVERY, "ip6-localhost", "127.0.1.1")
_NAME = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_")


def moved(text: str, host: str, port: int = 0, to: int = 0) -> str:
    """Every loopback host of the text replaced by `host`; where `:port` follows, and `to` is given, that port too.

    With `port`, a host that is followed by another port stays as it is.
    """
    done, at = "", 0
    while at < len(text):
        here = next((h for h in HERE if text.startswith(h, at) and _alone(text, at, len(h))), "")
        if not here:
            done += text[at]
            at += 1
            continue
        end = at + len(here)
        digits = ""
        if text[end : end + 1] == ":":
            rest = text[end + 1 :]
            digits = rest[: next((i for i, c in enumerate(rest) if not c.isdigit()), len(rest))]
        if digits and port and int(digits) != port:
            done += here
        else:
            done += host
            if digits and to:
                done += f":{to}"
                end += 1 + len(digits)
        at = end
    return done


def opened(text: str) -> str:
    """The text with its loopback addresses opened to every address, to listen on."""
    done = text
    for here in LOOPBACK:
        if here in done:
            done = moved(done, EVERY)
    return done


def _alone(text: str, at: int, length: int) -> bool:
    before, after = text[at - 1 : at], text[at + length : at + length + 1]
    return before not in _NAME and after not in _NAME if before else after not in _NAME or not after
