"""The project around a build context: what something copies into the context, and the Dockerfile of a base of its own.

Both are looked for only where a Dockerfile names what is not at hand, and what is found is told of: it stands in the
same project under the very name, and that it is what the build will see is taken for granted.
"""

import os
import posixpath
from collections.abc import Iterable, Iterator

from splitter.catalogue import load_yaml
from splitter.errors import SplitterError
from splitter.sources._parse import read_text

MARKS = (".git", ".github", ".gitignore", ".gitlab-ci.yml")  # what stands at the top of a project
LEVELS = 5  # how far up the top may be
DEPTH = 4  # how far below it a name is looked for
MAX_FOLDERS = 2000
APART = frozenset(("node_modules", "vendor", "test", "tests", "docs", "examples", "dist", "target"))


def top(folder: str) -> str:
    """The top of the project that a folder lies in, itself included; "" where nothing says so."""
    here = os.path.realpath(folder)
    for _ in range(LEVELS + 1):
        if any(os.path.lexists(os.path.join(here, mark)) for mark in MARKS):
            return here
        above = os.path.dirname(here)
        if above == here:
            return ""
        here = above
    return ""


def elsewhere(folder: str, source: str) -> tuple[str, str] | None:
    """Where a COPY's source stands in the project around the context: (the folder above it, how a reader finds it).

    The nearest folder above the context that holds it, or else the only place in the project; None where there is
    none, or more than one.
    """
    name = posixpath.normpath(source).lstrip("/")
    root = top(folder)
    context = os.path.realpath(folder)
    if not root or root == context or name.startswith("..") or name == "." or any(c in name for c in "*?[$"):
        return None
    above = os.path.dirname(context)
    while above.startswith(root):
        if _inside(above, name):
            return above, os.path.relpath(os.path.join(above, name), root)
        if above == root:
            break
        above = os.path.dirname(above)
    found = [here for here in _folders(root) if not here.startswith(context) and _inside(here, name)]
    if len(found) != 1:
        return None
    return found[0], os.path.relpath(os.path.join(found[0], name), root)


def dockerfile_of(reference: str, folder: str, beside: str) -> tuple[str, str] | None:
    """(the Dockerfile, its context) of a base image that the project builds itself; None where there is not just one.

    Only an image that calls itself a base and lies in somebody's namespace is looked for: `acme/app-base` in
    `Dockerfile-base`, `Dockerfile.base`, `base.Dockerfile` or `base/Dockerfile`.
    """
    space, _, last = reference.partition("@")[0].rpartition("/")
    name = last.partition(":")[0].lower()
    if not space or "base" not in name.replace("_", "-").split("-"):
        return None
    parts = name.replace("_", "-").split("-")
    calls = ["-".join(parts[at:]) for at in range(len(parts)) if "base" in parts[at:]]
    places = dict.fromkeys((os.path.realpath(beside), os.path.realpath(folder)))
    for call in calls:
        found = [
            (path, folder)
            for place in places
            for file in (f"Dockerfile-{call}", f"Dockerfile.{call}", f"Dockerfile_{call}", f"{call}.Dockerfile")
            if os.path.isfile(path := os.path.join(place, file))
        ]
        around = [*places, *dict.fromkeys(p for p in (os.path.dirname(os.path.realpath(folder)), top(folder)) if p)]
        if not found and top(folder):
            found = [
                (path, os.path.dirname(path))
                for place in dict.fromkeys(around)
                if os.path.isfile(path := os.path.join(place, call, "Dockerfile")) and path.startswith(top(folder))
            ]
        if found:
            return found[0] if len(set(found)) == 1 else None
    return None


def argument(name: str, folders: Iterable[str]) -> tuple[str, str] | None:
    """(the value, the file) of a build argument that a Dockerfile leaves to its builder; None where nothing says it.

    Home Assistant's builder reads them from build.yaml or build.json beside the Dockerfile: `build_from` by platform,
    and `args` (developers.home-assistant.io, "App configuration").
    """
    for folder in dict.fromkeys(folders):
        for file in ("build.yaml", "build.yml", "build.json"):
            path = os.path.join(folder, file)
            if not os.path.isfile(path) or os.path.islink(path):
                continue
            try:
                told = load_yaml(read_text(path, file))
            except (SplitterError, ValueError):
                continue
            data = told if isinstance(told, dict) else {}
            bases, args = data.get("build_from"), data.get("args")
            found = args.get(name) if isinstance(args, dict) else None
            if name == "BUILD_FROM" and isinstance(bases, dict):
                found = bases.get("amd64") or next((v for v in bases.values() if isinstance(v, str)), None)
            if isinstance(found, str) and found:
                return found, path
    return None


def _inside(folder: str, name: str) -> bool:
    """Whether a folder holds a name that no link takes out of it."""
    path = os.path.join(folder, name)
    return os.path.exists(path) and os.path.realpath(path).startswith(folder.rstrip("/") + "/")


def _folders(root: str) -> Iterator[str]:
    """The folders of a project, the nearest to its top first."""
    level = [root]
    seen = 0
    for _ in range(DEPTH):
        below: list[str] = []
        for here in level:
            seen += 1
            if seen > MAX_FOLDERS:
                return
            yield here
            try:
                names = sorted(os.listdir(here))
            except OSError:
                continue
            for name in names:
                path = os.path.join(here, name)
                if name not in APART and name[:1] != "." and os.path.isdir(path) and not os.path.islink(path):
                    below.append(path)
        level = below
