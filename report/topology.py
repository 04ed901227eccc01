"""The declared topology as a graph for graphviz: sites with their hosts, the tailnet between them, logins and relay.

Names in it are DNS labels and networks, as the model checks: nothing needs to be escaped.
"""

from __future__ import annotations

import itertools
import re
import textwrap
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from typing import Literal

from cluster.documents.headscale import is_one_host
from cluster.expected_paths import allowed_kinds
from cluster.model import Cluster, Host, Site
from report.tables import role

Shape = Literal["tall", "broad"]
NAT = {"one_to_one": "1:1 NAT", "masquerade": "behind a router’s NAT", "none": "no NAT"}
# The widest of the usual fonts: what fits with it fits in a reader's own.
FONT = "DejaVu Sans,Verdana"
LARGE, SMALL = 11, 9  # points
PIXELS = 4 / 3  # to a point
# Columns of text in a host: a phone shows the tailnet and one host side by side.
COLUMNS: dict[Shape, int] = {"tall": 19, "broad": 23}
LAYOUT: dict[Shape, str] = {
    "tall": "rankdir=LR ranksep=0.42 nodesep=0.16",
    "broad": "rankdir=TB ranksep=0.17 nodesep=0.1",
}


class NotDrawn(Exception):
    """There is no picture; the text has the reason and the fix."""


@dataclass(frozen=True)
class Picture:
    """The content of an <svg>, and its size in points."""

    shape: Shape
    inner: str
    width: float
    height: float

    @property
    def pixels(self) -> int:
        """Its natural width on a screen."""
        return round(self.width * PIXELS)


def picture(cluster: Cluster, shape: Shape, troubled: Collection[str], draw: Callable[[str], str]) -> Picture:
    """The topology drawn by `draw` (dot's language in, SVG out). Names are left out of the SVG, as a page may hold two of it."""
    svg = draw(source(cluster, shape, troubled))
    head = re.search(r'<svg [^>]*viewBox="[\d.]+ [\d.]+ ([\d.]+) ([\d.]+)"[^>]*>', svg)
    if not head:
        raise NotDrawn("dot did not answer with an SVG: try `dot -Tsvg` by hand")
    inner = svg[head.end() : svg.rindex("</svg>")]
    inner = re.sub(r'<title>.*?</title>\n?|<!--.*?-->\n?| id="[^"]*"', "", inner, flags=re.S)
    return Picture(shape, inner.strip(), float(head[1]), float(head[2]))


def source(cluster: Cluster, shape: Shape, troubled: Collection[str] = ()) -> str:
    """The graph in dot's language: sites below each other (`tall`) or side by side (`broad`); a style sheet colours its classes."""
    lines = [*_defaults(shape), *_middle(cluster), *_sites(cluster, shape, troubled), *_edges(cluster, shape)]
    return "\n".join(["digraph {", *lines, "}"])


def words(cluster: Cluster) -> list[str]:
    """The topology in sentences, for readers who don't see the picture."""
    front, center = cluster.gateway.name, cluster.coordinator.name
    passed = "" if front == center else f", which passes logins on to headscale on {center}"
    pairs = ", ".join(f"{one.site} and {other.site}" for one, other in may_be_relayed(cluster))
    relayed = f"; between {pairs} it may be relayed, as both are behind a router that may choose ports"
    return [
        *(
            f"Site {site.site}, {site.lan}, {NAT[site.nat]}: "
            + ", ".join(f"{host.name} ({'; '.join(_facts(host))})" for host in cluster.hosts_of(site))
            for site in cluster.sites
        ),
        f"Tailnet {cluster.tailnet_cidr}: every host is in it, and logs in at {cluster.server_url} on {front}{passed}.",
        f"Every two hosts should have a direct path{relayed if pairs else ''}.",
    ]


def may_be_relayed(cluster: Cluster) -> list[tuple[Site, Site]]:
    """Pairs of sites between which paths may be relayed."""
    return [
        (one, other)
        for one, other in itertools.combinations(cluster.sites, 2)
        if len(allowed_kinds(cluster, cluster.hosts_of(one)[0], cluster.hosts_of(other)[0])) > 1
    ]


def _defaults(shape: Shape) -> Iterator[str]:
    font = f'fontname="{FONT}" fontsize={SMALL}'
    yield f"graph [{LAYOUT[shape]} {font} compound=true newrank=true pad=0.05 labeljust=l style=rounded]"
    yield f'node [{font} shape=box style=rounded margin="0.08,0.07" height=0 width=0]'
    yield "edge [arrowsize=0.6]"


def _middle(cluster: Cluster) -> Iterator[str]:
    yield "{ rank=same"
    yield f"tailnet [class=tailnet ordering=out label={_lines(['tailnet'], [str(cluster.tailnet_cidr), 'joins all hosts'])}]"
    if may_be_relayed(cluster):
        yield f"relay [class=relay label={_lines(['relay'], ['where no path', 'is direct'])}]"
    yield "}"


def _sites(cluster: Cluster, shape: Shape, troubled: Collection[str]) -> Iterator[str]:
    for number, site in enumerate(cluster.sites):
        label = _lines(_wrapped(site.site, shape), [str(site.lan), NAT[site.nat]], end='<br align="l"/>')
        yield f"subgraph cluster_{number} {{ class=site margin=7 label={label}"
        for host in cluster.hosts_of(site):
            yield _host(host, shape, "bad" if host.name in troubled else "good")
        yield "}"


def _host(host: Host, shape: Shape, state: str) -> str:
    small = [line for fact in _facts(host) for line in textwrap.wrap(fact, COLUMNS[shape], break_long_words=False)]
    small += ["all log in here"] if host.is_gateway else []
    name = _wrapped(("✗\N{NO-BREAK SPACE}" if state == "bad" else "") + host.name, shape)
    width = COLUMNS[shape] * SMALL * 0.63 / 72  # inches: all hosts are as wide as a full line
    return f'{_quoted(host)} [class="host {state}{" gateway" if host.is_gateway else ""}" width={width:.2f} label={_lines(name, small)}]'


def _facts(host: Host) -> list[str]:
    public = host.internet_address
    return [
        role(host.roles),
        str(host.lan_address),
        *([f"public\N{NO-BREAK SPACE}{public}"] if public and public != host.lan_address else []),
    ]


def _edges(cluster: Cluster, shape: Shape) -> Iterator[str]:
    """An arrow points to where connections can begin: not into a site behind its router. Invisible edges keep the inventory's order."""
    relayed = {site.site for pair in may_be_relayed(cluster) for site in pair}
    for number, site in enumerate(cluster.sites):
        first, *others = cluster.hosts_of(site)
        way = "back" if site.nat == "masquerade" else "both"
        yield f"tailnet -> {_quoted(first)} [class=path dir={way} lhead=cluster_{number}{' minlen=2' if shape == 'broad' else ''}]"
        for above, host in zip((first, *others), others, strict=False):
            yield f"{'tailnet' if shape == 'tall' else _quoted(above)} -> {_quoted(host)} [style=invis]"
        if site.site in relayed:
            yield f"{_quoted(first)} -> relay [class=relayed dir=none style=dashed ltail=cluster_{number} constraint=false]"
    if not is_one_host(cluster):
        yield f"{_quoted(cluster.gateway)} -> {_quoted(cluster.coordinator)} [class=login constraint=false]"


def _wrapped(name: str, shape: Shape) -> list[str]:
    return textwrap.wrap(name, COLUMNS[shape] - 5)


def _quoted(host: Host) -> str:
    return f'"host {host.name}"'


def _lines(large: list[str], small: list[str], end: str = "<br/>") -> str:
    """A label: bold lines, then small ones."""
    lines = [f'<font point-size="{LARGE}"><b>{line}</b></font>' for line in large] + small
    return f"<{''.join(line + end for line in lines)}>"
