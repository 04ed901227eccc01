"""What is not as it should be: a problem in four parts, with its check's name, its hosts and the evidence."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Any, Literal

from cluster.model import Cluster
from cluster.problems import Problem
from report.measurement import Evidence, HostMeasured, Measurement

Severity = Literal["problem", "warning"]


@dataclass(frozen=True)
class Finding:
    """One deviation. A `warning` is one that the model declares acceptable. `hosts` are those that it is about.

    `consequences` are findings that this one causes: they need no cure of their own.
    """

    check: str
    hosts: tuple[str, ...]
    problem: Problem
    severity: Severity = "problem"
    evidence: tuple[Evidence, ...] = ()
    consequences: tuple[Finding, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Plain values; the four parts stand beside the check's name."""
        values = asdict(self)
        parts = values.pop("problem")
        consequences = [found.to_json() for found in self.consequences]
        return {
            "check": values.pop("check"),
            "severity": values.pop("severity"),
            **parts,
            **values,
            "consequences": consequences,
        }


@dataclass(frozen=True)
class View:
    """What a check may look at: what is declared, what was measured, and what time it is (seconds since 1970)."""

    cluster: Cluster
    measured: Measurement
    now: float

    def hosts(self) -> Iterator[HostMeasured]:
        """The hosts that could be asked."""
        yield from (found for found in self.measured.hosts if found.reached)

    def nodes(self) -> Iterator[HostMeasured]:
        """Those of them that are declared nodes."""
        yield from (found for found in self.hosts() if self.cluster.host(found.name).is_node)

    def has(self, name: str) -> bool:
        """The host was to be measured, and could be."""
        return any(found.name == name for found in self.hosts())


@dataclass(frozen=True)
class Check:
    """A named check: what it means in one sentence, and the function that finds its deviations.

    `needs` says what must be tried out for it: `pods` (the probe) or `drift` (a deploy's preview).
    """

    name: str
    means: str
    find: Callable[[View], Iterator[Finding]]
    needs: tuple[str, ...] = ()


def finding(
    check: str,
    hosts: str | tuple[str, ...],
    what: str,
    why: str,
    fix: str,
    *evidence: Evidence | None,
    where: str | None = None,
    severity: Severity = "problem",
) -> Finding:
    """A finding of `check`; `where` is the host, or `A → B` for two."""
    names = (hosts,) if isinstance(hosts, str) else hosts
    place = where or " → ".join(names) or "the cluster"
    return Finding(check, names, Problem(place, what, why, fix), severity, tuple(said for said in evidence if said))
