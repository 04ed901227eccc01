"""The report as one self-contained HTML file: problems, matrix, hosts, topology. No script, nothing fetched."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from cluster.expected_paths import allowed_kinds
from cluster.model import Cluster
from report import terminal, topology
from report.findings import DOCS, Finding
from report.measurement import HostMeasured, Measurement

_ENVIRONMENT = Environment(
    loader=FileSystemLoader(Path(__file__).resolve().parent.parent / "templates" / "report"),
    undefined=StrictUndefined,
    autoescape=True,
    trim_blocks=True,
    lstrip_blocks=True,
)
SHORT = 12  # characters of a name beside the matrix
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


def render(cluster: Cluster, measured: Measurement, findings: Sequence[Finding], draw: Callable[[str], str]) -> str:
    """The whole file. `draw` turns dot's language into SVG; if it raises NotDrawn, the page has the reason and words instead of a picture."""
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
        return [], str(reason)
    return [tall, broad] if broad.pixels <= WIDEST else [tall], ""


def _row(cluster: Cluster, measured: Measurement, found: HostMeasured) -> Row:
    return Row(
        name=found.name,
        short=short(found.name),
        site=found.site,
        role=terminal.role(found.roles),
        address=found.tailnet_address or "none",
        tailnet=terminal.tailnet_reached(found),
        node=terminal.node(cluster, found),
        pods=terminal.pods_reached(measured, found.name),
        clock=terminal.clock(found),
        cells=tuple(_cell(cluster, found, other.name) for other in measured.hosts),
    )


def _cell(cluster: Cluster, found: HostMeasured, name: str) -> Cell:
    text = terminal.cell(found, name)
    if name == found.name:
        return Cell("·", "self", f"{name} itself")
    path = found.paths.get(name)
    if path is None:
        return Cell("?", "unknown", f"{found.name} to {name}: not measured")
    allowed = path.kind in allowed_kinds(cluster, cluster.host(found.name), cluster.host(name))
    kind = path.kind if allowed or path.kind == "none" else "wrong"
    number = "none" if path.kind == "none" else f"{path.latency_ms or 0:.0f}"
    return Cell(number, kind, f"{found.name} to {name}: {text}" + ("" if allowed else ", should be direct"))


def short(name: str) -> str:
    """The name; a long one is cut in the middle, as names of one cluster differ at both ends."""
    return name if len(name) <= SHORT else f"{name[: SHORT // 2]}…{name[1 - SHORT // 2 :]}"
