"""A report as a table, one line a check, and as a JSON document."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from splitter.model.codec import to_json
from splitter.model.report import Outcome, Report
from splitter.model.text import printable

FORMAT = 1
OUTCOMES: tuple[Outcome, ...] = ("ok", "failed", "skipped")


def table(shown: Mapping[str, Any]) -> str:
    """A document in text: outcome, check, service and evidence, and below them how many there are of each outcome."""
    keys = ("outcome", "name", "service", "detail")
    rows = [tuple(printable(check[key]) or "-" for key in keys) for check in shown["checks"]]
    widths = [max((len(row[i]) for row in rows), default=0) for i in range(3)]
    lines = ["  ".join((*(row[i].ljust(widths[i]) for i in range(3)), row[3])).rstrip() for row in rows]
    counts = Counter(check["outcome"] for check in shown["checks"])
    said = ", ".join(f"{counts[o]} {o}" for o in OUTCOMES if counts[o]) or "nothing to check"
    return "\n".join((*lines, said, ""))


def document(report: Report) -> dict[str, Any]:
    return {"format": FORMAT, "checks": [to_json(c) for c in report.checks], "ok": report.ok}
