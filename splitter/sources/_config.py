"""The configuration of an image as the engine and the OCI image specification (config.md) write it in JSON."""

from typing import Any

from splitter.model.image import Config, Healthcheck

_UNITS = (
    (3_600_000_000_000, "h"),
    (60_000_000_000, "m"),
    (1_000_000_000, "s"),
    (1_000_000, "ms"),
    (1000, "us"),
    (1, "ns"),
)


def config_of(raw: object) -> Config:
    """The Config of a `config` object; what has another shape than the specification says is left out."""
    said = raw if isinstance(raw, dict) else {}
    env = (entry.partition("=") for entry in words(said.get("Env")))
    return Config(
        env={name: value for name, equals, value in env if name and equals},
        entrypoint=words(said.get("Entrypoint")),
        cmd=words(said.get("Cmd")),
        workdir=text(said.get("WorkingDir")) or "/",
        user=text(said.get("User")),
        ports=tuple(sorted((p.removesuffix("/tcp") for p in _keys(said.get("ExposedPorts"))), key=_by_number)),
        volumes=tuple(sorted(_keys(said.get("Volumes")))),
        healthcheck=_healthcheck(said.get("Healthcheck")),
        stop_signal=text(said.get("StopSignal")),
        labels={k: text(v) for k, v in sorted(_mapping(said.get("Labels")).items())},
    )


def words(raw: object) -> tuple[str, ...]:
    """A list of strings; very old images have a string alone."""
    if isinstance(raw, str):
        return (raw,)
    return tuple(w for w in raw if isinstance(w, str)) if isinstance(raw, list) else ()


def text(raw: object) -> str:
    return raw if isinstance(raw, str) else ""


def duration(nanoseconds: object) -> str:
    """A time as Compose takes it ("1m30s"); "" for the default, which is 0."""
    if not isinstance(nanoseconds, int) or nanoseconds <= 0:
        return ""
    said, left = "", nanoseconds
    for size, unit in _UNITS:
        count, left = divmod(left, size)
        said += f"{count}{unit}" if count else ""
    return said


def _healthcheck(raw: object) -> Healthcheck | None:
    said = _mapping(raw)
    test = words(said.get("Test"))
    if not test:
        return None
    retries = said.get("Retries")
    return Healthcheck(
        test,
        interval=duration(said.get("Interval")),
        timeout=duration(said.get("Timeout")),
        start_period=duration(said.get("StartPeriod")),
        retries=retries if isinstance(retries, int) and retries > 0 else None,
    )


def _mapping(raw: object) -> dict[str, Any]:
    return raw if isinstance(raw, dict) else {}


def _keys(raw: object) -> tuple[str, ...]:
    return tuple(_mapping(raw)) or words(raw)


def _by_number(port: str) -> tuple[int, str]:
    digits = port.partition("/")[0].partition("-")[0]
    return (int(digits) if digits.isdecimal() else 0, port)
