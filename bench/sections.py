"""A section of the page: figures and their bars, pictures, tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from markupsafe import Markup

from bench.figures import Figure

Result = Mapping[str, Any]


@dataclass(frozen=True)
class Table:
    """A table of absolute values."""

    caption: str
    headings: Sequence[str]
    rows: Sequence[Sequence[str]]


@dataclass
class Section:
    """One section of the page."""

    title: str
    notes: list[str] = field(default_factory=list)
    figures: list[Figure] = field(default_factory=list)
    pictures: list[Markup] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)


def origin(result: Result) -> str:
    """The origin of results: date, machine, load, commit, command."""
    loads = result.get("load_around") or [result["load"], result["load"]]
    return (
        f"{result['date']} · {result['processors']} × {result['processor']}, {result['memory_gb']} GB, Linux {result['kernel']} · "
        f"load {loads[0][0]} before, {loads[1][0]} after · commit {result['commit']} · {result['command']}"
    )
