"""What outsiders see: the published ports, and which service the image's own health check is about."""

from collections.abc import Iterable

from splitter.catalogue.listening import LOOPBACK
from splitter.model.facts import Coupling
from splitter.model.image import Healthcheck, Image
from splitter.planning.commands import shell_words
from splitter.planning.draft import Draft, Drafts

ORDER = {"proxy": 0, "web": 1}


def front(drafts: Drafts) -> list[Draft]:
    """Services that outsiders may speak to, proxies first; none that is off by default."""
    return sorted((d for d in drafts if d.role in ORDER and d.own and not d.profile), key=lambda d: ORDER[d.role])


def publish(drafts: Drafts, image: Image) -> list[str]:
    """Give each exposed port to the service that listens there. Returns notes on what is not published."""
    notes: list[str] = []
    faces = front(drafts)
    taken: set[str] = set()
    for port in image.config.ports:
        number, _, protocol = port.partition("/")
        if not number.isdigit() or port in taken:
            continue
        taken.add(port)
        draft = (
            _inside(int(number), drafts, faces)
            or _listener(int(number), faces)
            or _listener(int(number), [d for d in drafts if d not in faces])
            or next((d for d in drafts if d.role == "backing" and d.listens_on(int(number))), None)
        )
        if draft is None:
            draft = _guess(int(number), protocol, faces)
        if draft is None:
            continue
        if draft.known is not None and draft.known.inside:
            notes.append(f"{number} of {draft.name} is not published: it {draft.known.inside}.")
        elif draft.role == "backing":
            notes.append(f"{number} of {draft.name} is not published: the services reach it by its name.")
        elif draft.replicas == 1 and not draft.one_off:
            draft.ports.append(f"{number}:{number}" + (f"/{protocol}" if protocol not in ("", "tcp") else ""))
    if not any(d.ports for d in drafts if not d.profile) and faces:
        for listener in faces[0].listens if not (faces[0].known and faces[0].known.inside) else ():
            if listener.port and listener.host not in LOOPBACK:
                faces[0].ports.append(f"{listener.port}:{listener.port}")
                break
    for draft in drafts:
        root = drafts.root(draft)
        if root is not draft:
            # The engine publishes no ports of a container that is in another one's network.
            root.ports += [p for p in draft.ports if p not in root.ports]
            draft.ports = []
    return notes


def answer(drafts: Drafts, couplings: Iterable[Coupling]) -> None:
    """Let a service in another one's network be found by its own name: the engine names only members of a network."""
    for coupling in couplings:
        offerer = drafts.of(coupling.between[-1]) if coupling.kind in ("tcp", "env") and coupling.between else None
        if offerer is None or not offerer.namespace:
            continue
        root = drafts.root(offerer)
        users = [d for name in coupling.between[:-1] if (d := drafts.of(name)) is not None]
        if offerer.name not in root.aliases and any(drafts.root(d) is not root for d in users):
            root.aliases.append(offerer.name)


def _inside(port: int, drafts: Drafts, faces: list[Draft]) -> Draft | None:
    """The one behind a proxy whose port this is, and that only the proxy asks: its base image exposes that port,
    wherever it listens now."""
    if not any(d.role == "proxy" for d in faces) or any((x := d.listens_on(port)) and x.certain for d in faces
                                                        if d.role == "proxy"):  # fmt: skip
        return None
    return next((d for d in drafts.own() if d.known is not None and d.known.inside
                 and (d.known.port == port or d.listens_on(port))), None)  # fmt: skip


def _listener(port: int, drafts: list[Draft]) -> Draft | None:
    found = [d for d in drafts if (x := d.listens_on(port)) is not None and x.host not in LOOPBACK]
    sure = [d for d in found if (x := d.listens_on(port)) is not None and x.certain]
    return next(iter(sure or found), None)


def _guess(port: int, protocol: str, faces: list[Draft]) -> Draft | None:
    """The service that an exposed port belongs to where no command says it: the foremost that has none yet."""
    if port in (22, 514):
        return None
    if protocol == "udp":  # what takes HTTP speaks it over TCP
        faces = [d for d in faces if d.role != "proxy"] or faces
    unsure = [d for d in faces if not any(x.certain and x.host not in LOOPBACK for x in d.listens)]
    proxies = [d for d in faces if d.role == "proxy"]
    for draft in (*proxies, *(d for d in unsure if not d.ports), *faces):
        return draft
    return None


def check_health(drafts: Drafts, image: Image) -> None:
    """Leave the image's health check to the service that it tests; the others on the image get one of their own.

    Never `disable: true`: `up --wait` fails on a service without a check once the image has one.
    """
    theirs = image.config.healthcheck
    if theirs is None or theirs.test[:1] == ("NONE",):
        return
    tested = _tested(" ".join(theirs.test), drafts)
    for draft in drafts.own():
        if draft is tested or draft.one_off or draft.health is not None:
            continue
        known = draft.known
        if known is not None and known.healthcheck:
            text = known.healthcheck.replace("{port}", str(known.port))
            if draft.runs is not None:
                text = text.replace("{command}", shell_words(draft.runs.command.argv))
            draft.health = Healthcheck(("CMD-SHELL", text), interval="10s", timeout="5s", retries=3)
        else:
            draft.health = Healthcheck(("CMD", "true"), interval="10s")
            draft.note(f"The image's health check tests {tested.name if tested else 'another service'}, not this one.")


def _tested(text: str, drafts: Drafts) -> Draft | None:
    faces = front(drafts)
    words = [w for part in text.replace("/", " ").replace('"', " ").replace("'", " ").split() for w in part.split(":")]
    for draft in (*faces, *(d for d in drafts.own() if d not in faces)):
        if any(x.port and str(x.port) in words for x in draft.listens):
            return draft
    for draft in drafts.own():
        names = [draft.name, draft.known.name if draft.known else draft.name]
        if any(n in text for n in names) and not draft.one_off:
            return draft
    if not faces:
        return next((d for d in drafts.own() if not d.one_off), None)
    return faces[0]
