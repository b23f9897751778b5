"""Files of the image with a few words changed, brought into containers through Compose's `configs:`."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from splitter.catalogue import base, looks_secret
from splitter.catalogue.listening import LOOPBACK
from splitter.model.image import Image
from splitter.planning.draft import Draft
from splitter.planning.names import cleaned, distinct

PASSES = frozenset(("proxy_pass", "fastcgi_pass", "uwsgi_pass", "scgi_pass", "grpc_pass", "memcached_pass"))
RESOLVER = "resolver 127.0.0.11;"
OWN = ("${HOSTNAME}", "$HOSTNAME")  # the container's own name, in a template


@dataclass
class Patches:
    """The texts of patched files, by path."""

    image: Image
    files: dict[str, str] = field(default_factory=dict)

    def text(self, path: str, users: list[Draft]) -> str | None:
        """The file as it will be in these services; None where it is made at boot, is secret or cannot be read."""
        if path in self.files:
            return self.files[path]
        if any(path in p.files for d in users for p in d.processes()):
            return None
        text = self.image.read(path)
        if not isinstance(text, str) or _has_secret(text) or text == self._stands_in(path):
            return None
        return text

    def _stands_in(self, path: str) -> str | None:
        """Our own text for a file of a base image that is not at hand: it says what is there, and is not it."""
        known = base(self.image.base) if self.image.base else None
        return known.files.get(path) if known is not None else None

    def replace(self, path: str, line: int | None, old: str, new: str, users: list[Draft]) -> bool:
        """Change one place of a file, at its line where that is known. False where that cannot be done."""
        text = self.text(path, users)
        if text is None or not old:
            return False
        lines = text.splitlines(keepends=True)
        places = [line - 1] if line and line <= len(lines) else range(len(lines))
        at = next((n for n in places if old in lines[n]), None)
        if at is None:
            return False
        lines[at] = lines[at].replace(old, new)
        _resolved(lines, at)
        self.files[path] = "".join(lines)
        real = self.image.resolve(path)
        for draft in users:
            draft.configs[real if isinstance(real, str) else path] = path
        return True

    def host(self, path: str, line: int | None, written: str, name: str, users: list[Draft]) -> bool:
        """Change the host alone, where a line makes its port of variables: `http://localhost:{$PORT:8080}`."""
        text = self.text(path, users) or ""
        lines = text.splitlines()
        here = lines[line - 1] if line and line <= len(lines) else ""
        local = next((h for h in LOOPBACK if f"{h}:" in written), "")
        host = next((h for h in (local, *OWN) if local and here.count(f"{h}:") == 1), "")
        return bool(host) and self.replace(path, line, f"{host}:", f"{name}:", users)

    def whole(self, path: str, text: str, draft: Draft) -> None:
        """Give a service this text for a file."""
        self.files[path] = text
        draft.configs[path] = path


def _resolved(lines: list[str], at: int) -> None:
    """Tell nginx whom to ask for a name that it looks up at each request, which it does where a variable follows.

    An address needs no such thing. 127.0.0.11 is Docker's own DNS server, in every network but the default one.
    """
    name, _, value = lines[at].strip().partition(" ")
    if name not in PASSES or "$" not in value or any(one.strip().startswith("resolver ") for one in lines):
        return
    above = [n for n in range(at) if (words := lines[n].split()) and words[:1] == ["server"] and words[-1] == "{"]
    if above and RESOLVER not in lines[above[-1]]:
        lines[above[-1]] = lines[above[-1]].replace("{", f"{{ {RESOLVER}", 1)


def config_names(paths: Mapping[str, str]) -> dict[str, str]:
    """A name for each configuration, from the end of its path."""
    found: dict[str, str] = {}
    for path in paths:
        parts = [p for p in path.split("/") if p][-2:]
        found[path] = distinct(cleaned("-".join(parts).replace(".", "-")) or "config", found.values())
    return found


def _has_secret(text: str) -> bool:
    """Whether a configuration holds what must not be written into the compose file."""
    for line in text.splitlines():
        bare = line.strip()
        if not bare or bare[0] in "#;":
            continue
        name, _, value = bare.replace("=", " ").replace(":", " ").partition(" ")
        if name.lower().startswith(tuple(PASSES)) or value.strip().startswith("/"):
            continue  # how nginx hands requests on (`proxy_pass_request_body`); and the path of a key is no secret
        if looks_secret(name, value.strip().strip("\"';")) and value.strip():
            return True
    return False
