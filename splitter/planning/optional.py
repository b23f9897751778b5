"""Services that are off by default: behind a profile of their own, with the variables that turn them on.

Nothing that is on may wait for one of them, for Compose refuses a dependency on a service whose profile is not active
(compose-spec, 15-profiles); so where something that is on is their client, they come to it.
"""

from splitter.catalogue.switches import switches
from splitter.model.facts import Process
from splitter.model.plan import Mount
from splitter.planning.draft import Draft, Drafts
from splitter.planning.names import distinct, service_name
from splitter.planning.roles import Placed
from splitter.planning.secrets import Secrets


def behind(draft: Draft, process: Process) -> Draft:
    """The draft; behind a profile where its process is off by default."""
    if not process.off:
        return draft
    draft.profile = draft.name
    switch = process.off.partition(" (")[0]
    draft.note(f"Off by default ({switch}): docker compose --profile {draft.name} up -d")
    return draft


def turn_on(drafts: Drafts, secrets: Secrets) -> None:
    """Give what is off by default the variables that turn it on, for its program may ask for them as well."""
    for draft in drafts.own():
        for process in draft.found if draft.profile else ():
            for name, value in switches(process.off).items():
                draft.env.setdefault(name, value or secrets.may(name, f"for {draft.name}, which is off by default"))


def mode(placed: Placed, drafts: Drafts) -> Draft:
    """Another mode of the image, that a person runs by hand: all of it, as it is."""
    process = placed.process
    name = distinct(service_name(process, placed.role, placed.known), drafts.each)
    return Draft(
        name=name,
        role=placed.role,
        because=placed.because,
        found=[process],
        runs=process,
        known=placed.known,
        profile=name,
        mode=True,
        notes=[f"Another mode of the image, to be run while the others are down: docker compose run --rm {name}"],
    )


def everything(drafts: Drafts) -> dict[str, Mount]:
    """The volumes of all services, for one that is the whole image."""
    mounts = {p: m for d in drafts.own() for p, m in d.mounts.items() if m.volume}
    return {path: mounts[path] for path in sorted(mounts)}


def come_to(offerer: Draft, users: list[Draft], drafts: Drafts) -> bool:
    """Let what is off by default join the network of its one client that is on. Returns whether it could."""
    if users[0].profile:
        return False
    root = drafts.root(users[0])
    if not offerer.own or offerer.namespace or len(users) != 1 or drafts.waits(root.name, offerer.name):
        return False
    if root is offerer:
        return False
    offerer.namespace = root.name
    offerer.ports = []
    offerer.note(f"It is where {users[0].name} looks for it: in the network of {root.name}.")
    return True
