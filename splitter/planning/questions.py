"""Questions that the plan asks while it is made, answered from what was saved or by their default."""

from collections.abc import Mapping

from splitter.model.facts import Evidence
from splitter.model.plan import Option, Question


class Asker:
    """Takes each question once and gives the answer in force; keeps them for the plan."""

    def __init__(self, answers: Mapping[str, str]) -> None:
        self._answers = answers
        self._asked: dict[str, Question] = {}
        self._wrong: list[str] = []

    def ask(
        self,
        id: str,
        text: str,
        options: tuple[Option, ...],
        default: str,
        because: str = "",
        evidence: Evidence | None = None,
        risky: bool = False,
    ) -> str:
        if id in self._asked:
            return self._asked[id].answer
        saved = self._answers.get(id)
        if saved is not None and saved not in {o.value for o in options}:
            self._wrong.append(f"{id}: {saved} (one of {', '.join(o.value for o in options)})")
            saved = None
        self._asked[id] = Question(
            id, text, options, default, default if saved is None else saved,
            "default" if saved is None else "saved", because, evidence, risky,
        )  # fmt: skip
        return self._asked[id].answer

    @property
    def questions(self) -> tuple[Question, ...]:
        """Risky ones first, otherwise in the order in which they came up."""
        return tuple(sorted(self._asked.values(), key=lambda q: not q.risky))

    @property
    def stale(self) -> tuple[str, ...]:
        """Saved answers that fit no question."""
        return (*sorted(set(self._answers) - set(self._asked)), *self._wrong)
