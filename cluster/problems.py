"""A problem in four parts: where, what, why, fix."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Problem:
    """A problem and its fix; each part is one line of plain English."""

    where: str
    what: str
    why: str
    fix: str

    def __str__(self) -> str:
        return f"{self.where}\n    what  {self.what}\n    why   {self.why}\n    fix   {self.fix}"

    def to_json(self) -> dict[str, str]:
        """Plain values, for pyinfra's --json."""
        return asdict(self)


def format_problems(problems: Iterable[Problem], subject: str) -> str:
    """All problems as one text, headed by their number: `2 problems in SUBJECT`."""
    found = list(problems)
    heading = f"{len(found)} problem{'' if len(found) == 1 else 's'} in {subject}"
    return "\n".join([heading, *(f"  {line}" for problem in found for line in str(problem).splitlines())])


class ModelError(Exception):
    """The inventory is invalid; `problems` has all problems, not only the first."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__(format_problems(self.problems, "the inventory"))
