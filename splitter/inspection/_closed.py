"""The container in which an image is looked at: no way out, no mount of the host, no published port, and limits."""

from collections.abc import Mapping

from splitter.engine import Container, Engine


def closed(
    engine: Engine,
    image: str,
    network: str,
    gate: tuple[str, ...],
    env: Mapping[str, str],
    memory: int,
    processes: int,
) -> Container:
    """One that is not started. `gate`: what holds the image's own command back, and reads stdin; () where nothing
    does. `network` leads nowhere, `memory` is in bytes. Raises SplitterError."""
    how = {"entrypoint": [gate[0]], "command": list(gate[1:]), "stdin_open": True} if gate else {}
    return engine.container(
        image,
        environment=dict(env),
        healthcheck={"test": ["NONE"]},
        host_config={
            "network_mode": network,
            "dns": ["127.0.0.1"],  # an old engine's name server asks outside even from an internal network
            "dns_opt": ["timeout:1", "attempts:1"],  # and nobody is to wait for an answer
            "cap_add": ["SYS_PTRACE", "SYS_PACCT"],
            "mem_limit": memory,
            "memswap_limit": memory,
            "pids_limit": processes,
            "cpu_shares": 512,
            "log_config": {"Type": "json-file", "Config": {"max-size": "1m", "max-file": "1"}},
            "ulimits": [{"Name": "core", "Soft": 0, "Hard": 0}],
        },
        **how,
    )
