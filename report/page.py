"""The report as one self-contained HTML file: problems, matrix, hosts, topology. No script, nothing fetched."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from cluster.expected_paths import allowed_kinds
from cluster.model import Cluster
from report import tables, terminal, topology
from report.findings import DOCS, Finding
from report.measurement import HostMeasured, Measurement
from report.values import printable_values

_ENVIRONMENT = Environment(
    loader=FileSystemLoader(Path(__file__).resolve().parent.parent / "templates" / "report"),
    undefined=StrictUndefined,
    autoescape=True,
    trim_blocks=True,
    lstrip_blocks=True,
)
# The page's width in the style sheet, in pixels: a broader picture would be scaled down.
WIDEST = 1040
# From build/report/index.html, where verify writes the page.
DOCS_FROM_PAGE = f"../../{DOCS}"


@dataclass(frozen=True)
class Cell:
    """A square of the matrix: its text, its kind (a class of the style sheet), and its full sentence."""

    text: str
    kind: str
    title: str


@dataclass(frozen=True)
class Row:
    """One host: its row in the table, and its squares of the matrix."""

    name: str
    short: str
    site: str
    role: str
    address: str
    tailnet: str
    node: str
    pods: str
    clock: str
    cells: tuple[Cell, ...]


def render(
    cluster: Cluster,
    measured: Measurement,
    findings: Sequence[Finding],
    draw: Callable[[str], str],
    counted: str = "",
) -> str:
    """The whole file. `counted`: how many checks passed, in words.

    `draw` turns dot's language into SVG; if it raises NotDrawn, the page has the reason and words instead of a picture.
    """
    measured, findings = printable_values(measured), printable_values(list(findings))
    problems = [finding for finding in findings if finding.severity == "problem"]
    rows = [_row(cluster, measured, found) for found in measured.hosts]
    pictures, no_picture = _pictures(cluster, {name for finding in problems for name in finding.hosts}, draw)
    return _ENVIRONMENT.get_template("index.html.j2").render(
        cluster=cluster,
        measured=measured,
        summary=terminal.summary(measured),
        pods=terminal.pods(measured),
        rows=rows,
        words=topology.words(cluster),
        masqueraded=any(site.nat == "masquerade" for site in cluster.sites),
        relayed=topology.may_be_relayed(cluster),
        pictures=pictures,
        no_picture=no_picture,
        docs=DOCS_FROM_PAGE,
        counted=counted,
        problems=problems,
        warnings=[finding for finding in findings if finding.severity == "warning"],
    )


def _pictures(
    cluster: Cluster, troubled: Collection[str], draw: Callable[[str], str]
) -> tuple[list[topology.Picture], str]:
    """A tall one for narrow screens, and a broad one if it fits the page; or none, and the reason."""
    try:
        tall, broad = (topology.picture(cluster, shape, troubled, draw) for shape in ("tall", "broad"))
    except topology.NotDrawn as reason:
        return [], printable_values(str(reason))
    return [tall, broad] if broad.pixels <= WIDEST else [tall], ""


def _row(cluster: Cluster, measured: Measurement, found: HostMeasured) -> Row:
    return Row(
        name=found.name,
        short=tables.short(found.name),
        site=found.site,
        role=tables.role(found.roles),
        address=found.tailnet_address or "none",
        tailnet=tables.tailnet_reached(found),
        node=tables.node(cluster, found),
        pods=tables.pods_reached(measured, found.name),
        clock=tables.clock(found),
        cells=tuple(_cell(cluster, found, other.name) for other in measured.hosts),
    )


def _cell(cluster: Cluster, found: HostMeasured, name: str) -> Cell:
    if name == found.name:
        return Cell("·", "self", f"{name} itself")
    path, text = found.paths.get(name), f"{found.name} to {name}: {tables.words(found, name)}"
    if path is None:
        return Cell("?", "unknown", text)
    allowed = path.kind in allowed_kinds(cluster, cluster.host(found.name), cluster.host(name))
    kind = path.kind if allowed or path.kind == "none" else "wrong"
    number = "none" if path.kind == "none" else tables.milliseconds(path.latency_ms)
    return Cell(number, kind, text + ("" if allowed else ", should be direct"))
