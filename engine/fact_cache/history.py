"""The queries of the last runs: their texts, never an answer. Losing them costs time and nothing else."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from engine.fact_cache.query import PRIVILEGE, Query

# A preview needs fewer facts than the run after it: a query stays until so many runs in a row did without it.
RUNS = 3


@dataclass(frozen=True)
class Entry:
    """A query of an earlier run; `unused` = runs since then that did without it."""

    query: Query
    shared: bool
    unused: int = 0


class History:
    """The lists of a run, a file for each host below `folder`; without a folder, nothing outlives the run."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._before: dict[str, list[Entry]] = {}
        self._used: dict[str, dict[Query, bool]] = {}

    def of(self, host: str) -> list[Entry]:
        """The queries that are expected for the host, in their order."""
        if host not in self._before:
            self._before[host] = read(self._path(host)) if self._folder else []
        return self._before[host]

    def is_shared(self, host: str, query: Query) -> bool:
        """Whether the answer to the query depended on other hosts too, in the last run that sent it."""
        return any(one.shared for one in self.of(host) if one.query == query)

    def record(self, host: str, query: Query, shared: bool) -> None:
        """This run needs the query."""
        self._used.setdefault(host, {}).setdefault(query, shared)

    def save(self) -> None:
        """Write the lists of all hosts that were queried. If that is not possible, the next run is slower."""
        if not self._folder:
            return
        for host, used in self._used.items():
            try:
                write(self._path(host), merged(self.of(host), used))
            except OSError:
                return

    def _path(self, host: str) -> Path:
        return Path(self._folder or "", f"{quote(host, safe='')}.json")


def merged(before: list[Entry], used: Mapping[Query, bool]) -> list[Entry]:
    """The queries of this run, then those of the runs before it."""
    now = [Entry(query, shared) for query, shared in used.items()]
    late = [Entry(one.query, one.shared, one.unused + 1) for one in before if one.query not in used]
    return now + [one for one in late if one.unused < RUNS]


def read(path: Path) -> list[Entry]:
    """The list in that file; empty if it is not whole, or if somebody else could have written it: hosts will run it."""
    try:
        state = path.stat()
        if state.st_uid != os.geteuid() or state.st_mode & 0o022:
            return []
        found = json.loads(path.read_text())
        if found["sha256"] != _digest(found["questions"]):
            return []
        return [_entry(*row) for row in found["questions"]]
    except (OSError, ValueError, KeyError, TypeError):
        return []


def write(path: Path, queries: list[Entry]) -> None:
    """Write the list for its owner alone; a reader finds the old list or the new one."""
    rows = [[dict(one.query.privilege), one.query.text, one.shared, one.unused] for one in queries]
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    part = path.with_suffix(f".{os.getpid()}")
    part.unlink(missing_ok=True)
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump({"sha256": _digest(rows), "questions": rows}, file)
    part.replace(path)


def _entry(privilege: dict[str, Any], text: str, shared: bool, unused: int) -> Entry:
    if not privilege.keys() <= PRIVILEGE or not isinstance(text, str):
        raise ValueError(text)
    return Entry(Query(tuple(sorted(privilege.items())), text), bool(shared), int(unused))


def _digest(rows: Any) -> str:
    return hashlib.sha256(json.dumps(rows).encode()).hexdigest()
