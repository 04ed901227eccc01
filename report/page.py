"""The report as one HTML file of its own: declared topology, measured matrix, problems. No script, nothing fetched."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from cluster.model import Cluster
from cluster.paths import allowed_kinds
from report import terminal
from report.findings import Finding
from report.measurement import HostMeasured, Measurement

_ENVIRONMENT = Environment(
    loader=FileSystemLoader(Path(__file__).resolve().parent.parent / "templates" / "report"),
    undefined=StrictUndefined,
    autoescape=True,
    trim_blocks=True,
    lstrip_blocks=True,
)
PARTS = {"gateway": "gateway", "coordinator": "coordinator", "control_plane": "control plane", "worker": "worker"}


@dataclass(frozen=True)
class Cell:
    """A square of the matrix: what stands in it, what it means (a class of the style sheet), and its full sentence."""

    text: str
    kind: str
    title: str


@dataclass(frozen=True)
class Row:
    """One host: as in the text's tables, and its squares of the matrix."""

    name: str
    site: str
    part: str
    address: str
    lan: str
    tailnet: str
    node: str
    pods: str
    clock: str
    state: str
    cells: tuple[Cell, ...]


def render(cluster: Cluster, measured: Measurement, findings: Sequence[Finding]) -> str:
    """The whole file."""
    problems = [finding for finding in findings if finding.severity == "problem"]
    warnings = [finding for finding in findings if finding.severity == "warning"]
    troubled = {name for finding in problems for name in finding.hosts}
    rows = [_row(cluster, measured, found, troubled) for found in measured.hosts]
    return _ENVIRONMENT.get_template("index.html.j2").render(
        cluster=cluster,
        measured=measured,
        summary=terminal.summary(measured),
        rows=rows,
        sites=[(site, [row for row in rows if row.site == site.site]) for site in cluster.sites],
        relayed=_may_be_relayed(cluster),
        problems=problems,
        warnings=warnings,
    )


def _row(cluster: Cluster, measured: Measurement, found: HostMeasured, troubled: set[str]) -> Row:
    host = cluster.host(found.name)
    return Row(
        name=found.name,
        site=found.site,
        part=", ".join(PARTS[role] for role in found.roles),
        address=found.tailnet_address or "none",
        lan=str(host.lan_address),
        tailnet=terminal.tailnet_reached(found),
        node=(found.node or "absent") if host.is_node else "–",
        pods=terminal.pods_reached(measured, found.name),
        clock=terminal.clock(found),
        state="bad" if found.name in troubled else "good",
        cells=tuple(_cell(cluster, found, other.name) for other in measured.hosts),
    )


def _cell(cluster: Cluster, found: HostMeasured, name: str) -> Cell:
    said = terminal.cell(found, name)
    if name == found.name:
        return Cell("·", "self", f"{name} itself")
    path = found.paths.get(name)
    if path is None:
        return Cell("?", "unknown", f"{found.name} to {name}: not measured")
    allowed = path["kind"] in allowed_kinds(cluster, cluster.host(found.name), cluster.host(name))
    kind = path["kind"] if allowed or path["kind"] == "none" else "wrong"
    number = "none" if path["kind"] == "none" else f"{path['latency_ms'] or 0:.0f}"
    return Cell(number, kind, f"{found.name} to {name}: {said}" + ("" if allowed else ", should be direct"))


def _may_be_relayed(cluster: Cluster) -> list[tuple[str, str]]:
    """Pairs of sites between which the relay may be needed, as declared."""
    return [
        (one.site, other.site)
        for at, one in enumerate(cluster.sites)
        for other in cluster.sites[at + 1 :]
        if len(allowed_kinds(cluster, cluster.hosts_of(one)[0], cluster.hosts_of(other)[0])) > 1
    ]
