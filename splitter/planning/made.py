"""Files that a one-off step makes and other services read: they must be on a volume that both have."""

import posixpath
from collections.abc import Iterator

from splitter.catalogue import looks_secret
from splitter.catalogue.places import TOO_MUCH
from splitter.model.facts import Gap, Process
from splitter.model.image import Image, within
from splitter.model.plan import Mount, Volume
from splitter.planning.draft import Draft, Drafts
from splitter.planning.inherited import gives, reading
from splitter.planning.names import volume_name
from splitter.planning.secrets import Secrets
from splitter.shell.calls import Call
from splitter.shell.effects import effects
from splitter.shell.evaluate import evaluate

SECRET = "makes a secret"  # what the shell manager notes of a step
OUTPUTS = ("-out", "-f", "--output", "-o", "--out")
# Each container has its own: an account that one makes is none of another's.
ACCOUNTS = ("/etc/passwd", "/etc/group", "/etc/shadow", "/etc/gshadow")
OWN = ("/tmp", "/run", "/var/run", "/dev", "/proc", "/sys")


def share(job: Draft, drafts: Drafts, image: Image, volumes: dict[str, Volume], secrets: Secrets) -> list[Gap]:
    """Give the job and those that read what it makes a volume for it. Returns what could not be shared."""
    gaps: list[Gap] = []
    for step in job.found:
        if step.phase == "prepare":
            continue
        for path in dict.fromkeys(made(step, image)):
            secret = SECRET in step.notes
            users = [d for d in drafts.own() if d is not job and (_mentions(d, path) or (secret and _application(d)))]
            if not users or path.startswith(tuple(f"{o}/" for o in OWN)):
                continue
            everyone = [job, *users]
            if all(any(within(path, m) for m in d.mounts) for d in everyone):
                continue
            folder = posixpath.dirname(path)
            if path in ACCOUNTS:
                continue
            if folder in TOO_MUCH or any(image.names(folder)):
                if given(path, everyone, secrets):
                    continue
                said = f"{path} is made once and stands among files of the image; give it a folder of its own"
                gaps.append(Gap(f"{said}, and make that a volume", step.evidence))
                continue
            name = next((m.volume for d in everyone for p, m in d.mounts.items() if p == folder and m.volume), "")
            if not name:
                name = volume_name(folder, {n: n for n in volumes})
                volumes[name] = Volume(name, f"{posixpath.basename(path)}, which {job.name} makes")
            for draft in everyone:
                draft.mounts.setdefault(folder, Mount(name, folder))
    return gaps


def given(path: str, drafts: list[Draft], secrets: Secrets) -> bool:
    """Give services a secret from `.env` which a variable of theirs is read from a file for. Returns whether it is."""
    readers = {d.name: [n for p in d.processes() for n in reading(p, path) if looks_secret(n)] for d in drafts}
    for draft in drafts:
        for name in readers[draft.name]:
            draft.env.setdefault(name, secrets.need(name, f"one value for all services; {path} held it"))
    return any(readers.values())


def made(step: Process, image: Image) -> Iterator[str]:
    """The files that a step is known to write, by absolute path."""
    words = step.command.start
    text = words[2] if len(words) == 3 and words[1] in ("-c", "-ec") else str(step.command)
    trace = evaluate(
        text, path=step.evidence.path, env={**image.config.env, **step.env}, cwd=step.workdir or image.config.workdir,
        files=image,
    )  # fmt: skip
    for call in trace.calls:
        changes = effects(call, image) or {}
        yield from (path for path, node in changes.items() if node is not None and node.kind == "file")
        yield from _outputs(call)


def _outputs(call: Call) -> Iterator[str]:
    """Files that the words of a command name as its output, or that it is redirected to."""
    words = [w.text for w in call.words if w.known]
    for at, word in enumerate(words[:-1]):
        if word in OUTPUTS and call.words[0].text.rsplit("/", 1)[-1] in ("openssl", "ssh-keygen", "mkcert", "certtool"):
            yield posixpath.normpath(posixpath.join(call.cwd or "/", words[at + 1]))
    for redirect in call.redirects:
        if redirect.op in (">", ">>", ">|") and redirect.target is not None and redirect.target.known:
            yield posixpath.normpath(posixpath.join(call.cwd or "/", redirect.target.text))


def _mentions(draft: Draft, path: str) -> bool:
    for process in draft.processes():
        told = (word for one in gives(process) for word in one.command)
        words = (*process.command.argv, *process.command.run, *process.env.values(), *told)
        if any(path in w for w in words):
            return True
    return any(path in line for line in draft.lines)


def _application(draft: Draft) -> bool:
    return draft.role in ("web", "worker", "scheduler")
