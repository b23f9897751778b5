"""A resolved compose file as one that can be brought up beside anything else and thrown away: a pure function.

Nothing is published, nothing of the person's is written to, everything carries the label of what is removed, and like
the original it has no way out.
"""

from collections.abc import Collection, Mapping
from typing import Any

Config = Mapping[str, Any]
DNS = {"dns": ["127.0.0.1"], "dns_opt": ["timeout:1", "attempts:1"]}  # as in the observed original
LEFT_OUT = ("ports", "container_name", "pull_policy", "build", "develop")


def throwaway(config: Config, images: Mapping[str, str], label: Mapping[str, str]) -> dict[str, Any]:
    """The project for `docker compose up`, from what `docker compose config --format json` said.

    `images` has the image of each service that is built. Networks become internal ones of the project, volumes empty
    ones, also those that are external; files and folders of the host are mounted to be read only.
    """
    services = {name: _service(s, images.get(name), label) for name, s in config.get("services", {}).items()}
    volumes = {name: _volume(v or {}, label) for name, v in (config.get("volumes") or {}).items()}
    networks = {name: _network(n or {}, label) for name, n in {"default": {}, **(config.get("networks") or {})}.items()}
    made: dict[str, Any] = {"services": services, "networks": networks, "volumes": volumes}
    for key in ("configs", "secrets"):
        if found := config.get(key):
            made[key] = {name: {k: v for k, v in each.items() if k != "name"} for name, each in found.items()}
    return made


def required(text: str) -> tuple[str, ...]:
    """The variables without which Compose refuses the file: `${NAME:?why}`."""
    names = []
    for part in text.replace("$$", "").split("${")[1:]:
        name = part[: next((i for i, c in enumerate(part) if not (c.isalnum() or c == "_")), len(part))]
        if part[len(name) :].startswith((":?", "?")):
            names.append(name)
    return tuple(dict.fromkeys(names))


def builds(config: Config) -> dict[str, Mapping[str, Any]]:
    """What each service that is built is built from."""
    return {name: s["build"] for name, s in config.get("services", {}).items() if s.get("build")}


def host(config: Config, service: str) -> str:
    """The name by which a service is reached: of the one whose network it joins, where it does."""
    for _ in range(10):
        mode = str(_of(config, service).get("network_mode") or "")
        if not mode.startswith("service:"):
            break
        service = mode.removeprefix("service:")
    return service


def network(config: Config, service: str) -> str:
    """A network on which a service is reached; "" where it is on none."""
    said = _of(config, host(config, service))
    alone = said.get("network_mode") not in (None, "", "host")
    return "" if alone or not said else next(iter(said.get("networks") or ()), "default")


def replicas(config: Config, service: str) -> int:
    said = _of(config, service)
    found = (said.get("deploy") or {}).get("replicas", said.get("scale"))
    return found if isinstance(found, int) else 1


def one_offs(config: Config, planned: Collection[str]) -> tuple[str, ...]:
    """The services that run to their end: by the plan, or because another waits for it, or nothing restarts them."""
    services: Mapping[str, Any] = config.get("services", {})
    waited = {
        name
        for s in services.values()
        for name, how in (s.get("depends_on") or {}).items()
        if how.get("condition") == "service_completed_successfully"
    }
    return tuple(n for n in services if n in waited or n in planned or services[n].get("restart") == "no")


def mounts(config: Config) -> dict[str, dict[str, str]]:
    """Where each service has each named volume that it may write to: paths by service, by volume."""
    found: dict[str, dict[str, str]] = {}
    for name, service in config.get("services", {}).items():
        for mount in service.get("volumes") or ():
            if mount.get("type") == "volume" and mount.get("source"):
                found.setdefault(mount["source"], {})[name] = mount["target"]
    return found


def _of(config: Config, service: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = config.get("services", {}).get(service) or {}
    return found


def _service(service: Config, image: str | None, label: Mapping[str, str]) -> dict[str, Any]:
    made = {key: value for key, value in service.items() if key not in LEFT_OUT}
    if image:
        made["image"] = image
    if made.get("network_mode") == "host":
        del made["network_mode"]  # it would publish every port
        made["networks"] = {"default": None}
    if not made.get("network_mode"):
        made.update(DNS)
    if made.get("volumes"):
        made["volumes"] = [_mount(m) for m in made["volumes"]]
    made["labels"] = {**(made.get("labels") or {}), **label}
    return made


def _mount(mount: Config) -> dict[str, Any]:
    if mount.get("type") != "bind":
        return dict(mount)
    return {**mount, "read_only": True, "bind": {**(mount.get("bind") or {}), "create_host_path": False}}


def _volume(volume: Config, label: Mapping[str, str]) -> dict[str, Any]:
    options = volume.get("driver_opts") or {}
    # Any other option may name a folder of the host or a server.
    kept = {"driver_opts": options} if options.get("type") == "tmpfs" else {}
    return {**kept, "labels": dict(label)}


def _network(network: Config, label: Mapping[str, str]) -> dict[str, Any]:
    kept = {"ipam": network["ipam"]} if (network.get("ipam") or {}).get("config") else {}
    return {**kept, "internal": True, "labels": dict(label)}
