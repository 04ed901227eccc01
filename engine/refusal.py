"""The refusal of an inventory or a call, before any host is contacted."""

from __future__ import annotations

from collections.abc import Iterable

from pyinfra.api.exceptions import InventoryError

from cluster.problems import Problem, format_problems


class Refusal(InventoryError):
    """Ends the run with exit code 1 and all problems."""

    def __init__(self, problems: Iterable[Problem], subject: str) -> None:
        self.problems = tuple(problems)
        super().__init__(format_problems(self.problems, subject))
