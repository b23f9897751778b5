"""A plan to the text of its compose file: the same plan gives the same bytes."""

from collections.abc import Mapping, Sequence

from splitter.compose.emit import Value, entry
from splitter.compose.marks import marked
from splitter.compose.share import Shared, share
from splitter.model.plan import Plan, Service
from splitter.model.text import printable

FORMAT = 1
NAME = frozenset("abcdefghijklmnopqrstuvwxyz0123456789_-")


def render(plan: Plan, source: str) -> str:
    """The whole file; `source` is how it names what was split. Needs Compose 2.24 or later.

    Every `$` of the plan is escaped as `$$`, for a plan says what a container is to get; the one exception is a value
    of `environment` with `${NAME...}` where NAME is one of the plan's secrets.
    """
    bodies = {s.name: body(s, plan.secrets) for s in plan.services}
    shared = share({s.name: bodies[s.name] for s in plan.services if s.role != "backing"})
    blocks = [_header(source, plan)]
    if shared is not None:
        blocks.append(entry("x-app", shared.anchor, 0))
    blocks.append(_services(plan.services, bodies, shared))
    blocks += _volumes(plan)
    if plan.configs:
        configs = {name: {"content": escaped(text)} for name, text in plan.configs.items()}
        blocks.append(entry("configs", configs, 0))
    blocks.append(_memory(source, plan))
    return marked("\n".join("\n".join(block) + "\n" for block in blocks))


def body(service: Service, secrets: Mapping[str, str]) -> dict[str, Value]:
    """The keys of one service in the order in which they are written."""
    if not service.name or not set(service.name) <= NAME:
        raise ValueError(f"not a service name: {service.name!r}")
    keys: dict[str, Value] = {}
    if service.build is not None:
        keys["build"] = _build(service)
    elif service.image:
        keys["image"] = escaped(service.image)
    if service.command is not None:
        keys["command"] = [escaped(w) for w in service.command]
    if service.entrypoint is not None:
        keys["entrypoint"] = [escaped(w) for w in service.entrypoint]
    keys["user"] = escaped(service.user)
    keys["working_dir"] = escaped(service.working_dir)
    keys["environment"] = {k: with_secrets(v, secrets) for k, v in service.environment.items()}
    keys["volumes"] = [_mount(m.volume, m.path, m.read_only, m.nocopy) for m in service.volumes if m.volume]
    keys["tmpfs"] = [escaped(m.path) for m in service.volumes if not m.volume]
    keys["configs"] = [{"source": name, "target": escaped(path)} for path, name in service.configs.items()]
    keys["ports"] = [escaped(p) for p in service.ports]
    keys["networks"] = {"default": {"aliases": list(service.aliases)}} if service.aliases else {}
    keys["network_mode"] = f"service:{service.namespace}" if service.namespace else ""
    keys["pid"] = f"service:{service.pid}" if service.pid else ""
    keys["ipc"] = service.ipc if service.ipc in ("", "shareable") else f"service:{service.ipc}"
    keys["depends_on"] = {name: {"condition": condition} for name, condition in service.depends_on.items()}
    keys["healthcheck"] = _health(service)
    keys["init"] = service.init
    keys["restart"] = service.restart
    keys["stop_signal"] = service.stop_signal
    keys["stop_grace_period"] = service.stop_grace_period
    keys["deploy"] = {"replicas": service.replicas} if service.replicas != 1 else {}
    keys["profiles"] = list(service.profiles)
    said = ("command", "entrypoint")
    return {
        key: value for key, value in keys.items() if key in said or (value is not False and value not in ("", [], {}))
    }


def escaped(text: str) -> str:
    return text.replace("$", "$$")


def with_secrets(text: str, secrets: Mapping[str, str]) -> str:
    """Escaped, but for the references to secrets: `${NAME}`, `${NAME:?why}` and the like."""
    done, rest = "", text
    while "${" in rest:
        before, _, after = rest.partition("${")
        inside, closed, behind = after.partition("}")
        name = inside[: next((i for i, c in enumerate(inside) if not (c.isalnum() or c == "_")), len(inside))]
        if (
            closed
            and name in secrets
            and "$" not in inside
            and inside[len(name) : len(name) + 1] in ("", ":", "?", "-")
        ):
            done += escaped(before) + "${" + inside + "}"
            rest = behind
        else:
            done += escaped(before) + "$${"
            rest = after
    return done + escaped(rest)


def _build(service: Service) -> Value:
    build = service.build
    assert build is not None
    if build.dockerfile == "Dockerfile" and not build.target and not build.args:
        return escaped(build.context)
    keys: dict[str, Value] = {"context": escaped(build.context)}
    if build.dockerfile != "Dockerfile":
        keys["dockerfile"] = escaped(build.dockerfile)
    if build.target:
        keys["target"] = escaped(build.target)
    if build.args:
        keys["args"] = {k: escaped(v) for k, v in build.args.items()}
    return keys


def _mount(volume: str, path: str, read_only: bool, nocopy: bool) -> Value:
    if nocopy or ":" in path:
        keys: dict[str, Value] = {"type": "volume", "source": volume, "target": escaped(path)}
        if read_only:
            keys["read_only"] = True
        return keys | {"volume": {"nocopy": True}} if nocopy else keys
    return f"{volume}:{escaped(path)}" + (":ro" if read_only else "")


def _health(service: Service) -> Value:
    health = service.healthcheck
    if health is None:
        return {}
    keys: dict[str, Value] = {}
    if health.test:
        keys["test"] = [escaped(w) for w in health.test]
    for key in ("interval", "timeout", "start_period"):
        if value := getattr(health, key):
            keys[key] = escaped(value)
    if health.retries is not None:
        keys["retries"] = health.retries
    return keys


def _header(source: str, plan: Plan) -> list[str]:
    return [
        *comment(
            f"Made by splitter from {'this folder' if source == '.' else source}. Needs Docker Compose 2.24 or later."
        ),
        *comment("`splitter split --apply` renews the keys that it wrote; what you add stays."),
        *(line for note in plan.notes for line in comment(note)),
    ]


def _services(services: Sequence[Service], bodies: Mapping[str, dict[str, Value]], shared: Shared | None) -> list[str]:
    if not services:
        return ["services: {}"]
    lines = ["services:"]
    for service in services:
        if len(lines) > 1:
            lines.append("")
        for text in (service.origin or service.because, *service.notes):
            lines += comment(text, 2)
        keys = bodies[service.name]
        if shared is not None and service.name in shared.members:
            keys = shared.rest(service.name, keys)
        lines += entry(service.name, keys, 2)
    return lines


def _volumes(plan: Plan) -> list[list[str]]:
    if not plan.volumes:
        return []
    lines = ["volumes:"]
    for volume in plan.volumes:
        lines += comment(volume.because, 2)
        if volume.tmpfs:
            options: dict[str, Value] = {"type": "tmpfs", "device": "tmpfs", "o": escaped(volume.tmpfs)}
            lines += entry(volume.name, {"driver_opts": options}, 2)
        else:
            lines.append(f"  {entry(volume.name, '', 0)[0].removesuffix(' ' + chr(34) * 2)}")
    return [lines]


def _memory(source: str, plan: Plan) -> list[str]:
    keys: dict[str, Value] = {"version": FORMAT, "source": escaped(source)}
    if answers := {q.id: escaped(q.answer) for q in plan.questions if q.answered == "saved"}:
        keys["answers"] = answers
    said = "For splitter's next run: the answers given, and marks of what it wrote (all else in this file is yours)."
    return [*comment(said), *entry("x-splitter", keys, 0)]


def comment(text: str, indent: int = 0) -> list[str]:
    """Comment lines, one for each line of the text that says something."""
    return [f"{' ' * indent}# {printable(line.strip())}" for line in text.splitlines() if line.strip()]
