"""Who steers its siblings through supervisord's XML-RPC interface, from code.

The method is called by a name (`proxy.supervisor.stopProcess("web")`) or given as text
(`call("supervisor.stopProcess", "web")`); the program is the string that follows (supervisor's api.rst).
"""

from collections.abc import Iterator

from splitter.inspection._offers import Member
from splitter.inspection._program import scripts
from splitter.inspection._tokens import tokens
from splitter.inspection.code import MAX_SIZE, ending
from splitter.inspection.code.scripts import LANGUAGES
from splitter.model.facts import Coupling, Evidence, Gap
from splitter.model.image import Image

TARGET = "supervisord's RPC interface"
METHODS = frozenset(
    ("stopProcess", "signalProcess", "sendProcessStdin", "stopProcessGroup", "signalProcessGroup", "startProcess",
     "startProcessGroup", "clearProcessLogs")
)  # fmt: skip
EVERY = frozenset(("stopAllProcesses", "signalAllProcesses"))
NEAR = 6  # tokens between a method and its first argument


def couplings(team: tuple[Member, ...], image: Image) -> Iterator[Coupling | Gap]:
    """A coupling for each client and each program that its code names; a gap where it shows only at run time."""
    for member in team:
        if "supervisord" not in member.process.via or member.out:
            continue
        others = [m for m in team if m is not member and "supervisord" in m.process.via
                  and m.process.lifetime == "service"]  # fmt: skip
        seen: set[str] = set()
        for path in scripts(member, image):
            text = image.read(path, MAX_SIZE)
            if not isinstance(text, str) or "rocess" not in text or "supervisor" not in text:
                continue
            for method, named, line in _called(text, path):
                every = [m.name for m in others if not m.out]
                one = [m.name for m in others if m.name in (named, named.rpartition(":")[2])]
                names = every if method in EVERY else one
                if not names:
                    what = f"{member.name} steers what shows only when it runs ({method} of {TARGET})"
                    yield Gap(what, Evidence(path, line))
                for name in names:
                    # A program that is only started is started by Compose; another method of it may do more.
                    key = f"{name} {method.startswith('start')}"
                    if key not in seen:
                        seen.add(key)
                        verb = "start" if method.startswith("start") else "stop"
                        written = f"RPC {verb} {name}"
                        yield Coupling("control", TARGET, (member.name, name), Evidence(path, line), "code", written)


def _called(text: str, path: str) -> Iterator[tuple[str, str, int]]:
    """Each method with the text that follows it, "" where none does."""
    found = tokens(text, LANGUAGES.get(ending(path), "c"))
    for at, token in enumerate(found):
        method = token.text.rpartition(".")[2]
        if method not in METHODS | EVERY or (token.kind == "string" and not token.text.startswith("supervisor.")):
            continue
        near = found[at + 1 : at + 1 + NEAR]
        end = next((n for n, t in enumerate(near) if t.text == ")"), len(near))
        named = next((t for t in near[:end] if t.kind == "string" and not t.mixed), None)
        yield method, named.text if named is not None else "", token.line
