"""What a verification found: checks, each with its outcome and the evidence."""

from dataclasses import dataclass
from typing import Literal

Outcome = Literal["ok", "failed", "skipped"]


@dataclass(frozen=True)
class Check:
    """One thing that was looked at. `service` is "" where it is about the whole; `detail` is the evidence, in words."""

    name: str
    service: str
    outcome: Outcome
    detail: str = ""


@dataclass(frozen=True)
class Report:
    checks: tuple[Check, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether nothing failed."""
        return all(check.outcome != "failed" for check in self.checks)
