"""Figures from samples, and whether they meet their bars. Pure."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

Sample = Mapping[str, Any]  # a bench.measure.Sample as JSON


@dataclass(frozen=True)
class Figure:
    """A ratio or count and its bar. `value` None: not measured. `limit` None: it has no bar."""

    name: str
    value: float | None
    limit: float | None = None
    sense: Literal["at most", "at least"] = "at most"
    unit: str = "×"

    @property
    def met(self) -> bool | None:
        """Whether it meets its bar; None if there is no value or no bar."""
        if self.value is None or self.limit is None:
            return None
        return self.value <= self.limit if self.sense == "at most" else self.value >= self.limit

    @property
    def text(self) -> str:
        """The value with its unit."""
        return "not measured" if self.value is None else f"{number(self.value)} {self.unit}".strip()

    @property
    def bar(self) -> str:
        """The bar with its unit."""
        sign = {"at most": "≤", "at least": "≥"}[self.sense]
        return "none set" if self.limit is None else f"{sign} {self.limit:g} {self.unit}".strip()

    @property
    def verdict(self) -> str:
        """`met`, `missed` or a dash."""
        return {True: "met", False: "missed", None: "–"}[self.met]


def median(samples: Sequence[Sample], key: str = "wall_s") -> float | None:
    """The median of one value; None without samples."""
    values = [float(sample[key]) for sample in samples]
    return statistics.median(values) if values else None


def ratio(one: float | None, other: float | None) -> float | None:
    """`one` divided by `other`; None if either is missing, or `other` is zero."""
    return one / other if one is not None and other else None


def spread(samples: Sequence[Sample], key: str = "wall_s") -> str:
    """The median, and in parentheses the lowest and the highest value."""
    values = sorted(float(sample[key]) for sample in samples)
    if not values:
        return "not measured"
    return f"{number(statistics.median(values))} ({number(values[0])}–{number(values[-1])})"


def number(value: float) -> str:
    """A number with three significant figures; whole numbers from a hundred on."""
    if value == 0 or abs(value) >= 100:
        return f"{value:.0f}"
    return f"{value:.3g}" if abs(value) < 10 else f"{value:.1f}"


def highest(samples: Sequence[Sample], key: str = "sessions") -> float | None:
    """The highest count that any host had in any sample of a mapping host → count; None without samples."""
    counts = [count for sample in samples for count in sample[key].values()]
    return float(max(counts)) if counts else None
