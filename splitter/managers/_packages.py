"""package.json and the workspaces around it, as npm, yarn, pnpm and bun find them."""

import fnmatch
import json
import posixpath
from collections.abc import Mapping
from dataclasses import dataclass, field

from splitter.catalogue import load_yaml
from splitter.model.facts import Evidence, Gap
from splitter.model.image import Image, normal

MAX_PACKAGES = 300
MAX_FOLDERS = 3000


@dataclass(frozen=True)
class Package:
    """One package.json. `lines` are those of its scripts; `members` the patterns of its workspaces' folders."""

    path: str
    name: str
    scripts: Mapping[str, str]
    lines: Mapping[str, int] = field(default_factory=dict)
    members: tuple[str, ...] = ()
    manager: str = ""
    uses: frozenset[str] = frozenset()
    version: str = ""

    @property
    def folder(self) -> str:
        return posixpath.dirname(self.path)

    @property
    def short(self) -> str:
        """The name without its scope; that of the folder where there is none."""
        return self.name.rsplit("/", 1)[-1] or posixpath.basename(self.folder) or "app"

    def evidence(self, script: str) -> Evidence:
        return Evidence(self.path, self.lines.get(script))


def read(path: str, image: Image) -> Package | Gap | None:
    """The package.json at a path; None where there is none."""
    text = image.read(path)
    if not isinstance(text, str):
        return text
    try:
        value = json.loads(text.removeprefix("\ufeff"))
    except (ValueError, RecursionError) as error:
        return Gap(f"package.json cannot be read: {str(error)[:80]}", Evidence(path))
    if not isinstance(value, dict):
        return Gap("package.json is not an object", Evidence(path))
    found = value.get("scripts")
    scripts = {k: v for k, v in found.items() if isinstance(v, str)} if isinstance(found, dict) else {}
    spaces = value.get("workspaces")
    spaces = spaces.get("packages") if isinstance(spaces, dict) else spaces
    members = tuple(s for s in spaces if isinstance(s, str)) if isinstance(spaces, list) else ()
    needs = [value.get(k) for k in ("dependencies", "devDependencies", "peerDependencies")]
    return Package(
        path=path,
        name=_text(value.get("name")),
        scripts=scripts,
        lines=_lines(text, scripts),
        members=members,
        manager=_text(value.get("packageManager")),
        uses=frozenset(name for need in needs if isinstance(need, dict) for name in need),
        version=_text(value.get("version")),
    )


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _lines(text: str, scripts: Mapping[str, str]) -> dict[str, int]:
    """The line on which each script stands."""
    at, lines = text.find('"scripts"'), {}
    for name in scripts:
        place = text.find(json.dumps(name, ensure_ascii=False) + ":", at + 1)
        place = text.find(json.dumps(name, ensure_ascii=False), at + 9) if place < 0 else place
        if place >= 0:
            lines[name] = text.count("\n", 0, place) + 1
    return lines


def at(folder: str, image: Image) -> Package | Gap:
    """The package of a folder: its own package.json, or the nearest above it."""
    here = normal(folder)
    while True:
        found = read(posixpath.join(here, "package.json"), image)
        if found is not None:
            return found
        if here == "/":
            return image.missing(posixpath.join(normal(folder), "package.json"))
        here = posixpath.dirname(here)


def root(folder: str, image: Image) -> tuple[str, tuple[str, ...]]:
    """The folder of the workspaces that a folder is in, and their patterns; ("", ()) where it is in none."""
    here = normal(folder)
    while True:
        if members := _members(here, image):
            return here, members
        if here == "/":
            return "", ()
        here = posixpath.dirname(here)


def _members(folder: str, image: Image) -> tuple[str, ...]:
    text = image.read(posixpath.join(folder, "pnpm-workspace.yaml"))
    if isinstance(text, str):
        try:
            value = load_yaml(text)
        except ValueError:
            value = None
        found = value.get("packages") if isinstance(value, dict) else None
        return tuple(p for p in found if isinstance(p, str)) if isinstance(found, list) else ()
    package = read(posixpath.join(folder, "package.json"), image)
    return package.members if isinstance(package, Package) else ()


def workspaces(folder: str, image: Image, *, with_root: bool = False) -> list[Package]:
    """The packages of the workspaces that a folder is in, by their paths."""
    top, patterns = root(folder, image)
    if not top:
        return []
    wanted = [p.strip("/") for p in patterns if not p.startswith("!")]
    refused = [p[1:].strip("/") for p in patterns if p.startswith("!")]
    paths = {f for p in wanted for f in _folders(top, p.removeprefix("./"), image)}
    found: list[Package] = []
    for path in sorted(paths)[:MAX_PACKAGES]:
        inside = path.removeprefix(top).strip("/")
        if not any(fnmatch.fnmatchcase(inside, p.removeprefix("./")) for p in refused):
            package = read(posixpath.join(path, "package.json"), image)
            if isinstance(package, Package):
                found.append(package)
    if with_root and isinstance(package := read(posixpath.join(top, "package.json"), image), Package):
        found.insert(0, package)
    return found


def _folders(top: str, pattern: str, image: Image) -> list[str]:
    """The folders of a pattern; `**` stands for any number of names."""
    head, deep, tail = pattern.partition("**")
    if not deep:
        return [p for p in image.glob(posixpath.join(top, pattern)) if image.is_dir(p)]
    found: list[str] = []
    left = [p for p in image.glob(posixpath.join(top, head)) if image.is_dir(p)]
    while left and len(found) < MAX_FOLDERS:
        here = left.pop()
        if posixpath.basename(here) != "node_modules":
            found.append(here)
            left += [p for n in image.names(here) if image.is_dir(p := posixpath.join(here, n))]
    tail = tail.strip("/")
    return [f for f in found if not tail or fnmatch.fnmatchcase(f, f"*/{tail}")]


def chosen(packages: list[Package], filters: list[str], top: str, cwd: str) -> list[Package] | str:
    """Those that pnpm's and turbo's `--filter`s name; the filter itself where it cannot be decided."""
    kept: list[Package] = []
    for wanted in [f for f in filters if not f.startswith("!")] or ["*"]:
        if "[" in wanted or wanted.startswith(("...", "^")) or "^" in wanted:
            return wanted
        plain = wanted.removesuffix("...")
        some = [p for p in packages if _fits(p, plain, top, cwd)]
        if wanted.endswith("..."):
            some = _with_needs(some, packages)
        kept += [p for p in some if p not in kept]
    for refused in (f[1:] for f in filters if f.startswith("!")):
        kept = [p for p in kept if not _fits(p, refused, top, cwd)]
    return [p for p in packages if p in kept]


def _fits(package: Package, wanted: str, top: str, cwd: str) -> bool:
    wanted = wanted.strip("{}") if wanted.startswith("{") else wanted
    if wanted.startswith((".", "/")) or (wanted.strip("/") and "/" in wanted and not wanted.startswith("@")):
        full = normal(posixpath.join(cwd, wanted)) if wanted.startswith(".") else normal(posixpath.join(top, wanted))
        return fnmatch.fnmatchcase(package.folder, full) or fnmatch.fnmatchcase(package.folder, f"{full}/*")
    name = package.name
    if fnmatch.fnmatchcase(name, wanted):
        return True
    return not wanted.startswith("@") and fnmatch.fnmatchcase(name.rsplit("/", 1)[-1], wanted)


def _with_needs(some: list[Package], packages: list[Package]) -> list[Package]:
    kept, left = list(some), list(some)
    while left:
        needs = left.pop().uses
        for package in packages:
            if package.name in needs and package not in kept:
                kept.append(package)
                left.append(package)
    return kept


def path_variable(package: Package, image: Image, given: str) -> str:
    """PATH as a package manager gives it to a script: the `node_modules/.bin` of the package and of those above it."""
    folders, here = [], package.folder
    while True:
        if here == package.folder or image.is_file(posixpath.join(here, "package.json")):
            folders.append(posixpath.join(here, "node_modules/.bin"))
        if here == "/":
            break
        here = posixpath.dirname(here)
    rest = [p for p in given.split(":") if p and p not in folders]
    return ":".join((*folders, *rest))
