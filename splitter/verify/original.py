"""What one run of the original shows: its processes, its TCP listeners, and what these answer while it runs."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from splitter.engine import Container
from splitter.model.observation import Observation, Seen
from splitter.verify.answers import Answer
from splitter.verify.asking import Asker

SAMPLES = 2
APART = 1.5  # seconds between two samples: what changes by itself is to be told from what does not
EPHEMERAL = 32768  # ip(7): up there a port is whatever was free

Samples = Mapping[tuple[int, str], tuple[Answer, ...]]


@dataclass(frozen=True)
class Ran:
    """One run. `found` has the processes in which each declared one was recognised, `owner` the name of each pid."""

    seen: Observation
    found: Mapping[str, Sequence[Seen]]
    owner: Mapping[int, str]
    samples: Samples


def ports(seen: Observation) -> dict[int, tuple[str, tuple[int, ...]]]:
    """The TCP ports that are listened on: the host ("" for any address) and who does."""
    found: dict[int, tuple[str, tuple[int, ...]]] = {}
    for each in seen.sockets:
        if each.protocol == "tcp" and each.still and each.port < EPHEMERAL:
            host, pids = found.get(each.port, (each.host, ()))
            found[each.port] = ("" if not each.host else host, tuple(dict.fromkeys((*pids, *each.pids))))
    return found


def sample(asker: Asker, container: Container, seen: Observation, urls: Sequence[tuple[int, str]]) -> Samples:
    """What each listener of a running original answers, asked several times, from its own namespace."""
    listening = ports(seen)
    wanted = [(port, "/") for port in listening] + [(port, path) for port, path in urls if port in listening]
    found: dict[tuple[int, str], tuple[Answer, ...]] = dict.fromkeys(wanted, ())
    for turn in range(SAMPLES):
        time.sleep(APART if turn else 0)
        for port, path in found:
            host = listening[port][0] or "127.0.0.1"
            answer = asker.ask(f"container:{container.id}", host, port, path)
            if answer is not None:
                found[port, path] = (*found[port, path], answer)
    return found
