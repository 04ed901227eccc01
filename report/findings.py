"""Checks, and their findings: problems in four parts, with the hosts that they are about and the evidence."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Literal

from cluster.model import Cluster
from cluster.problems import Problem
from report.measurement import Evidence, HostMeasured, Measurement

Severity = Literal["problem", "warning"]
DOCS = "docs/checks.md"
DRIFT = "drift"


@dataclass(frozen=True)
class View:
    """The input of every check: the declared cluster, the measurement, and the current time (seconds since 1970)."""

    cluster: Cluster
    measured: Measurement
    now: float

    def hosts(self) -> Iterator[HostMeasured]:
        """The reachable hosts."""
        yield from (found for found in self.measured.hosts if found.reached)

    def nodes(self) -> Iterator[HostMeasured]:
        """The reachable hosts that are declared nodes."""
        yield from (found for found in self.hosts() if self.cluster.host(found.name).is_node)

    def answers_others(self, name: str) -> bool | None:
        """Whether another host reaches it over the tailnet; None if that was not measured."""
        kinds = [kind for host in self.hosts() if (kind := host.path_kind(name))]
        return any(kind != "none" for kind in kinds) if kinds else None

    def is_on(self, name: str) -> bool:
        """Whether it runs, as the others know. Its Node counts only if no path was measured: it stays Ready for a while."""
        others = self.answers_others(name)
        return self.measured.host(name).node == "Ready" if others is None else others

    def has(self, name: str) -> bool:
        """Whether the host was measured: it is part of this run, and reachable."""
        return any(found.name == name for found in self.hosts())


@dataclass(frozen=True)
class Deviation:
    """What a check yields. A `warning` is declared acceptable, or a risk that has done no harm yet; `hosts` are the hosts concerned.

    `caused_by`: those of them that cause it, if the check knows; in the report, only they are marked.
    """

    hosts: tuple[str, ...]
    problem: Problem
    severity: Severity = "problem"
    evidence: tuple[Evidence, ...] = ()
    caused_by: tuple[str, ...] = ()


def deviation(
    hosts: str | tuple[str, ...],
    what: str,
    why: str,
    fix: str,
    *evidence: Evidence | None,
    where: str | None = None,
    severity: Severity = "problem",
    caused_by: tuple[str, ...] = (),
) -> Deviation:
    """A deviation; `where` defaults to the host, or to `A → B` for two. Evidence that is None was not measured."""
    names = (hosts,) if isinstance(hosts, str) else hosts
    place = where or " → ".join(names) or "the cluster"
    return Deviation(
        names, Problem(place, what, why, fix), severity, tuple(item for item in evidence if item), caused_by
    )


@dataclass(frozen=True)
class Finding(Deviation):
    """A deviation and the check that found it. `consequences` are findings that this one causes: they need no fix of their own."""

    check: Check = field(kw_only=True)
    consequences: tuple[Finding, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Plain values; the four parts of the problem stand beside the check's name."""
        return {
            "check": self.check.name,
            "severity": self.severity,
            **self.problem.to_json(),
            "docs": self.check.docs,
            "hosts": self.hosts,
            "evidence": [asdict(item) for item in self.evidence],
            "consequences": [found.to_json() for found in self.consequences],
        }


@dataclass(frozen=True)
class Check:
    """A named check.

    `means`: one sentence, with which its section in docs/checks.md begins.
    `depends_on`: checks that explain this one if they find something on the same hosts; `anywhere`: on any host.
    `explains`: checks that this one explains on the same hosts, for a cause of older checks.
    `needs`: what must be tried out for it, `pods` (the probe) or `drift` (a deploy's preview).
    """

    name: str
    means: str
    look: Callable[[View], Iterator[Deviation]] = field(repr=False)
    depends_on: tuple[str, ...] = ()
    anywhere: tuple[str, ...] = ()
    explains: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()

    @property
    def docs(self) -> str:
        """Where its causes and cures are described."""
        return f"{DOCS}#{self.name}"

    def find(self, view: View) -> Iterator[Finding]:
        """Its findings, each by itself: nothing is merged, nothing is a consequence yet."""
        for found in self.look(view):
            yield Finding(**{at.name: getattr(found, at.name) for at in fields(found)}, check=self)


def check(
    name: str,
    *,
    depends_on: tuple[str, ...] = (),
    anywhere: tuple[str, ...] = (),
    explains: tuple[str, ...] = (),
    needs: tuple[str, ...] = (),
    is_mended_by_deploy: bool = True,
) -> Callable[[Callable[[View], Iterator[Deviation]]], Check]:
    """The function below it becomes a check of this name, and its docstring what the check means; see `Check` for the arguments.

    What a deploy would change on a host is no problem of its own while there is one that a deploy mends.
    """
    below = explains if name == DRIFT or not is_mended_by_deploy else (*explains, DRIFT)

    def declare(look: Callable[[View], Iterator[Deviation]]) -> Check:
        return Check(name, look.__doc__ or "", look, depends_on, anywhere, below, needs)

    return declare
