"""npm, yarn, pnpm and bun run a script of package.json through a shell, in its package's folder, with its bin on PATH.

`preX` runs before it and `postX` after it (npm, yarn 1, bun, pnpm 9 and later). `run-p`, `run-s`, `npm-run-all`, `-r`,
`--workspace`, `--filter`, turbo, nx and lerna run one or more scripts, of one package or of many.
"""

import posixpath
import shlex
from dataclasses import dataclass, field, replace

from splitter.catalogue import one_off
from splitter.managers import _packages
from splitter.managers._launch import environment, folder, shell, under
from splitter.managers._node_options import Run, parse
from splitter.managers._packages import Package
from splitter.model.facts import Command, Evidence, Gap, Process
from splitter.model.image import Image

MAX_SCRIPTS = 300
OURS = "node_scripts"


def expand(process: Process, image: Image) -> list[Process | Gap] | None:
    run = parse(process.command.argv)
    if run is None:
        return None
    runner = _Runner(run, process, image)
    children = runner.children()
    if children is None:
        return None
    processes = [c for c in children if isinstance(c, Process)]
    if not processes:
        # What cannot be opened is still a command: it stays as it is, with the reason why it was not opened.
        return None if process.via[-1:] == (OURS,) else [process, *children]
    return children


@dataclass
class _Runner:
    """One command that runs scripts."""

    run: Run
    process: Process
    image: Image
    gaps: list[Gap] = field(default_factory=list)

    def children(self) -> list[Process | Gap] | None:
        where = under(self.process, self.image, self.run.folder)
        if self.run.top:
            where = _packages.root(where, self.image)[0] or where
        package = _packages.at(where, self.image)
        if self.run.every or self.run.filters:
            return self.many(where)
        if isinstance(package, Gap):
            # `yarn next start` and `pnpm x.js` may be a program as well as a script.
            return None if self.run.bare else [replace(package, what=f"{self.run.tool}: {package.what}")]
        found: list[Process | Gap] = []
        groups = self.run.groups
        for at, (patterns, side) in enumerate(groups):
            names = [n for p in patterns for n in self.matching(p, package)]
            for place, (name, args) in enumerate(names):
                last = at == len(groups) - 1 and (side or place == len(names) - 1)
                got = self.script(package, name, (*args, *self.run.args), first=not last)
                if got is None:
                    return None
                found += got
        return [*found, *self.gaps]

    def matching(self, pattern: str, package: Package) -> list[tuple[str, tuple[str, ...]]]:
        """The scripts that a word names, with the arguments that it brings (`"build:* -- --watch"`)."""
        if not self.run.patterns:
            return [(pattern, ())]
        try:
            words = shlex.split(pattern)
        except ValueError:
            words = pattern.split()
        name, args = (words[0], tuple(w for w in words[1:] if w != "--")) if words else ("", ())
        if "*" not in name:
            return [(name, args)]
        found = [(n, args) for n in package.scripts if _glob(n.split(":"), name.split(":"))]
        if not found:
            self.gaps.append(Gap(f"no script of package.json matches {name}", Evidence(package.path)))
        return found

    def many(self, where: str) -> list[Process | Gap]:
        """The scripts of the packages of a workspace."""
        top, _ = _packages.root(where, self.image)
        # The root itself is meant only where it is named.
        named = any(not f.startswith("!") and "*" not in f for f in self.run.filters)
        packages = _packages.workspaces(where, self.image, with_root=named)
        if not packages:
            missing = self.image.missing(
                where if where != "/" else "/package.json", f"{self.run.tool} runs scripts of workspaces"
            )
            return [missing]
        chosen = _packages.chosen(packages, list(self.run.filters), top, where)
        if isinstance(chosen, str):
            return [Gap(f"{self.run.tool}'s filter {chosen} is not decided here", self.process.evidence)]
        found: list[Process | Gap] = []
        for patterns, _ in self.run.groups:
            for name in patterns:
                some = [p for p in chosen if name in p.scripts]
                for package in some[:MAX_SCRIPTS]:
                    got = (
                        self.script(
                            package, name, self.run.args, first=False, named=len(some) > 1 or bool(self.run.filters)
                        )
                        or []
                    )
                    found += got
                if not some and not self.run.optional:
                    self.gaps.append(Gap(f"no package of the workspace has the script {name}", Evidence(top)))
        return [*found, *self.gaps]

    def script(
        self, package: Package, name: str, args: tuple[str, ...], *, first: bool, named: bool = False
    ) -> list[Process | Gap] | None:
        """A script with those before and after it; `first`: something else follows it."""
        text = package.scripts.get(name)
        evidence = package.evidence(name)
        if text is None:
            if self.run.bare:
                return None
            if name == "start" and self.run.tool == "npm" and not self.run.filters:
                text, evidence = "node server.js", replace(evidence, note="npm's own start script")
            elif self.run.optional:
                return []
            else:
                self.gaps.append(Gap(f"package.json has no script {name}", Evidence(package.path)))
                return []
        line = " ".join((text, *map(shlex.quote, args)))
        label = self.label(package, name, named)
        job = first or bool(self.process.lifetime != "service")
        main = self.child(package, label, line, evidence, job=job)
        found: list[Process | Gap] = []
        if self.run.around and (before := package.scripts.get(f"pre{name}")) is not None:
            found.append(self.child(package, f"pre{name}", before, package.evidence(f"pre{name}"), job=True))
        found.append(main)
        if self.run.around and (after := package.scripts.get(f"post{name}")) is not None:
            if job or one_off(tuple(_words(text))) is not None:
                found.append(self.child(package, f"post{name}", after, package.evidence(f"post{name}"), job=True))
            else:
                found[-1] = replace(main, notes=(*main.notes, f"post{name} runs when it has ended: {after}"))
        return found

    def label(self, package: Package, name: str, named: bool) -> str:
        """The name that someone gave the process, that of the package, or that of the script."""
        given = self.process.name
        if named:
            return package.short
        plain = posixpath.basename(self.process.command.argv[0]) if self.process.command.argv else ""
        several = len(self.run.groups) > 1 or len(self.run.groups[0][0]) > 1 or self.run.patterns
        return given if self.process.via and given != plain and not several else name

    def child(self, package: Package, name: str, line: str, evidence: Evidence, *, job: bool) -> Process:
        given = environment(self.process, self.image)
        default = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
        return Process(
            name=name,
            command=Command(shell(line)),
            evidence=evidence,
            lifetime="job" if job else "service",
            env={"PATH": _packages.path_variable(package, self.image, given.get("PATH") or default)},
            workdir=package.folder if package.folder != folder(self.process, self.image) else "",
        )


def _words(text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError:
        return text.split()


def _glob(name: list[str], pattern: list[str]) -> bool:
    """npm-run-all's patterns: `*` stands for one part between colons, `**` for any number of them."""
    if not pattern:
        return not name
    if pattern[0] == "**":
        return any(_glob(name[i:], pattern[1:]) for i in range(len(name) + 1))
    if not name:
        return False
    before, star, after = pattern[0].partition("*")
    fits = name[0] == pattern[0] or (
        bool(star) and name[0].startswith(before) and name[0].endswith(after) and len(name[0]) >= len(before + after)
    )
    return fits and _glob(name[1:], pattern[1:])
