"""The questions that were asked last time: their texts, never an answer. Losing them costs time and nothing else."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from engine.fact_cache.query import PRIVILEGE, Question

# A preview asks less than the run after it: a question stays until as many runs in a row did without it.
RUNS = 3


@dataclass(frozen=True)
class Listed:
    """A question of an earlier run; `unasked` = runs since then that did without it."""

    question: Question
    shared: bool
    unasked: int = 0


class Remembered:
    """The lists of a run, a file for each host below `folder`; without a folder, nothing outlives the run."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._before: dict[str, list[Listed]] = {}
        self._asked: dict[str, dict[Question, bool]] = {}

    def of(self, host: str) -> list[Listed]:
        """What is known to be asked of the host, in the order in which it is asked."""
        if host not in self._before:
            self._before[host] = read(self._path(host)) if self._folder else []
        return self._before[host]

    def is_shared(self, host: str, question: Question) -> bool:
        """Whether the question was, when it was last asked, one about other hosts too."""
        return any(one.shared for one in self.of(host) if one.question == question)

    def note(self, host: str, question: Question, shared: bool) -> None:
        """The question is asked now."""
        self._asked.setdefault(host, {}).setdefault(question, shared)

    def save(self) -> None:
        """Write the lists of all hosts that were asked. Where that is not possible, the next run is slower."""
        if not self._folder:
            return
        for host, asked in self._asked.items():
            try:
                write(self._path(host), merged(self.of(host), asked))
            except OSError:
                return

    def _path(self, host: str) -> Path:
        return Path(self._folder or "", f"{quote(host, safe='')}.json")


def merged(before: list[Listed], asked: Mapping[Question, bool]) -> list[Listed]:
    """What was asked now, then what was asked lately."""
    now = [Listed(question, shared) for question, shared in asked.items()]
    late = [Listed(one.question, one.shared, one.unasked + 1) for one in before if one.question not in asked]
    return now + [one for one in late if one.unasked < RUNS]


def read(path: Path) -> list[Listed]:
    """The list in that file; none where it is not whole, or where somebody else could have written it: hosts will run it."""
    try:
        state = path.stat()
        if state.st_uid != os.geteuid() or state.st_mode & 0o022:
            return []
        found = json.loads(path.read_text())
        if found["sha256"] != _digest(found["questions"]):
            return []
        return [_listed(*row) for row in found["questions"]]
    except (OSError, ValueError, KeyError, TypeError):
        return []


def write(path: Path, questions: list[Listed]) -> None:
    """For its owner alone; a reader finds the old list or the new one."""
    rows = [[dict(one.question.privilege), one.question.text, one.shared, one.unasked] for one in questions]
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    part = path.with_suffix(f".{os.getpid()}")
    part.unlink(missing_ok=True)
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump({"sha256": _digest(rows), "questions": rows}, file)
    part.replace(path)


def _listed(privilege: dict[str, Any], text: str, shared: bool, unasked: int) -> Listed:
    if not privilege.keys() <= PRIVILEGE or not isinstance(text, str):
        raise ValueError(text)
    return Listed(Question(tuple(sorted(privilege.items())), text), bool(shared), int(unasked))


def _digest(rows: Any) -> str:
    return hashlib.sha256(json.dumps(rows).encode()).hexdigest()
