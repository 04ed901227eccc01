"""A problem in four parts: where, what, why, fix."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import asdict, dataclass

# Together four parts are less than a screen of 24 lines by 80 characters; a list of hosts in the fix is the longest of them.
LONGEST_PART, LONGEST_FIX = 400, 640


def printable(text: str) -> str:
    """The text with each control character as text (`\\x1b`), also of marks that turn the direction of writing; line ends and tabs stay."""
    return text if text.isprintable() else "".join(map(_shown, text))


def _shown(character: str) -> str:
    # A space of another width is no printable character to Python.
    is_harmless = character.isprintable() or character in "\n\t" or unicodedata.category(character) == "Zs"
    return character if is_harmless else character.encode("unicode_escape").decode("ascii")


def _one_line(text: str, longest: int) -> str:
    """The text as it may be printed: in one line, shortened."""
    line = printable(text[: longest + 1]).replace("\n", " ")
    return line if len(line) <= longest else f"{line[: longest - 1]}…"


@dataclass(frozen=True)
class Problem:
    """A problem and its fix; each part is one line of plain English."""

    where: str
    what: str
    why: str
    fix: str

    def __str__(self) -> str:
        where, what, why = (_one_line(part, LONGEST_PART) for part in (self.where, self.what, self.why))
        return f"{where}\n    what  {what}\n    why   {why}\n    fix   {_one_line(self.fix, LONGEST_FIX)}"

    def to_json(self) -> dict[str, str]:
        """Plain values, for pyinfra's --json."""
        return asdict(self)


def once(found: Iterable[Problem]) -> list[Problem]:
    """The problems, with one problem instead of several equal ones, which names all their places."""
    places: dict[tuple[str, str, str], list[str]] = {}
    for problem in found:
        places.setdefault((problem.what, problem.why, problem.fix), []).append(problem.where)
    return [Problem(", ".join(dict.fromkeys(where)), what, why, fix) for (what, why, fix), where in places.items()]


def format_problems(problems: Iterable[Problem], subject: str) -> str:
    """All problems as one text, headed by their number: `2 problems in SUBJECT`."""
    found = list(problems)
    heading = f"{len(found)} problem{'' if len(found) == 1 else 's'} in {_one_line(subject, LONGEST_PART)}"
    return "\n".join([heading, *(f"  {line}" for problem in found for line in str(problem).splitlines())])


class ModelError(Exception):
    """The inventory is invalid; `problems` has all problems, not only the first."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__(format_problems(self.problems, "the inventory"))
