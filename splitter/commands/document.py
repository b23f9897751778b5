"""The JSON document of `split --json`."""

from typing import Any

from splitter.catalogue.meaning import meaning
from splitter.commands.mask import Mask
from splitter.model.codec import to_json
from splitter.model.facts import Coupling, Evidence, Process
from splitter.model.plan import Mount, Plan, Service

FORMAT = 1
# One-off steps that are not what a migration is there for.
AROUND = ("owner of shared data", "database setup", "database init", "secrets made at boot", "rails secret")


def plan_document(plan: Plan, compose: str, source: str, mask: Mask) -> dict[str, Any]:
    """Everything that the split would do. `compose` is the file's text as --apply writes it."""
    data = {
        "services": [service_document(s) for s in plan.services],
        "drops": [{"process": process_document(d.process), "reason": d.reason} for d in plan.drops],
        "couplings": [{**_coupling(c.coupling), "resolution": c.resolution} for c in plan.couplings],
        "gaps": [{"what": g.what, "evidence": _evidence(g.evidence)} for g in plan.gaps],
        "shown": [{"what": g.what, "evidence": _evidence(g.evidence)} for g in plan.shown],
        "questions": [to_json(q) for q in plan.questions],
        "volumes": [to_json(v) for v in plan.volumes],
        "notes": list(plan.notes),
        "stale": list(plan.stale),
    }
    return {"format": FORMAT, "source": {"reference": source}, "plan": mask.data(data), "compose": compose}


def service_document(service: Service) -> dict[str, Any]:
    """A service; `user` and `working_dir` are those of its program, also where the file need not say them (the image's
    own) or the shell in front of the program sets them."""
    lead = _lead(service)
    document: dict[str, Any] = {"name": service.name, "role": service.role}
    if service.build is not None:
        document["build"] = to_json(service.build)
    else:
        document["image"] = service.image
    return document | {
        "command": None if service.command is None else list(service.command),
        "entrypoint": None if service.entrypoint is None else list(service.entrypoint),
        "user": service.user or ((lead.user or lead.becomes) if lead else ""),
        "working_dir": service.working_dir or (lead.workdir if lead else ""),
        "environment": dict(service.environment),
        "replicas": service.replicas,
        "ports": list(service.ports),
        "volumes": [_mount(m) for m in service.volumes],
        "depends_on": dict(service.depends_on),
        "network_mode": f"service:{service.namespace}" if service.namespace else "",
        "profiles": list(service.profiles),
        "processes": [process_document(p) for p in service.processes],
        "because": service.because,
        "notes": list(service.notes),
        **({"aliases": list(service.aliases)} if service.aliases else {}),
    }


def _lead(service: Service) -> Process | None:
    """The process that a service is for; of a job, its first step that is known for what the job is there for."""
    stay = [p for p in service.processes if p.lifetime != "job"]
    if stay or len(service.processes) == 1:
        return (stay or list(service.processes))[0]
    steps = ((p, meaning(p)) for p in service.processes)
    return next((p for p, known in steps if known and known.role == service.role and known.name not in AROUND), None)


def process_document(process: Process) -> dict[str, Any]:
    """A process with its command as one string."""
    return {
        "id": process.id,
        "name": process.name,
        "command": str(process.command),
        "via": list(process.via),
        "lifetime": process.lifetime,
        "phase": process.phase,
        "schedule": process.schedule,
        "user": process.user or process.becomes,
        "workdir": process.workdir,
        "env": dict(process.env),
        "instances": process.instances,
        "after": list(process.after),
        "stop_signal": process.stop_signal,
        "stop_timeout": process.stop_timeout,
        "logs": list(process.logs),
        "off": process.off,
        "notes": list(process.notes),
        "evidence": _evidence(process.evidence),
    }


def _coupling(coupling: Coupling) -> dict[str, Any]:
    return {
        "kind": coupling.kind,
        "between": list(coupling.between),
        "target": coupling.target,
        "how": coupling.how,
        "evidence": _evidence(coupling.evidence),
    }


def _evidence(evidence: Evidence) -> dict[str, Any]:
    return {"path": evidence.path, "line": evidence.line, "note": evidence.note}


def _mount(mount: Mount) -> str:
    return f"{mount.volume}:{mount.path}" + (":ro" if mount.read_only else "") if mount.volume else mount.path
