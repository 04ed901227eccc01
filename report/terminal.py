"""The measurement as text: a summary line, a row for each host, the path matrix, then the problems."""

from __future__ import annotations

import os
import shutil
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TextIO

from cluster.model import Cluster
from report.findings import Finding
from report.measurement import Evidence, HostMeasured, Measurement

WIDTH, NARROWEST = 100, 60
INDENT = " " * 10
UNKNOWN = "unknown"
MARKS = {"problem": "✗", "warning": "!"}
_COLOURS = {"problem": "31", "warning": "33", "fine": "32", "faint": "2"}


@dataclass(frozen=True)
class Style:
    """Whether to colour (words and symbols carry the same meaning), and the width in columns."""

    colours: bool = False
    width: int = WIDTH

    @classmethod
    def of(cls, stream: TextIO) -> Style:
        """Without colours if the stream is no terminal, or if NO_COLOR is set (no-color.org)."""
        if not stream.isatty():
            return cls()
        columns = shutil.get_terminal_size((WIDTH, 0)).columns
        return cls(not os.environ.get("NO_COLOR"), min(WIDTH, max(NARROWEST, columns)))

    def paint(self, text: str, kind: str) -> str:
        """The text in the colour of its kind."""
        return f"\033[{_COLOURS[kind]}m{text}\033[0m" if self.colours else text


def render(
    cluster: Cluster,
    measured: Measurement,
    findings: Sequence[Finding],
    style: Style = Style(),
    *,
    verbose: bool = False,
    page: str = "",
) -> str:
    """The whole report, as wide as `style` if host names allow it; evidence only if `verbose`."""
    parts = [f"{measured.cluster} · {summary(measured)}", _hosts(cluster, measured), _matrix(measured, style.width)]
    parts += ["\n".join(line for text in pods(measured).splitlines() for line in _wrapped("", text, 0, style.width))]
    first = {finding.check.name: finding for finding in reversed(findings)}
    parts += [
        _finding(finding, style, verbose=verbose, with_docs=finding is first[finding.check.name])
        for finding in findings
    ]
    parts.append(_closing(findings, style, page))
    return "\n\n".join(part for part in parts if part)


def summary(measured: Measurement) -> str:
    """One line: number of hosts, versions, duration of the measurement."""
    reached = sum(host.reached for host in measured.hosts)
    hosts = (
        f"{len(measured.hosts)} hosts"
        if reached == len(measured.hosts)
        else f"{reached} of {len(measured.hosts)} hosts"
    )
    return (
        f"{hosts} · Kubernetes {measured.kubernetes} · headscale {measured.headscale} · "
        f"measured in {measured.seconds:.0f} s"
    )


def role(roles: Sequence[str]) -> str:
    """A host's roles in words."""
    return ", ".join(role.replace("_", " ") for role in roles) or "tailnet only"


def node(cluster: Cluster, found: HostMeasured) -> str:
    """The state of its Kubernetes node; `–` if it is declared to be none."""
    if not cluster.host(found.name).is_node:
        return "–"
    return found.node or ("absent" if found.reached else UNKNOWN)


def cell(found: HostMeasured, name: str) -> str:
    """A field of the matrix: kind and latency of the path from `found` to `name`."""
    if name == found.name:
        return "·"
    path = found.paths.get(name)
    if path is None:
        return UNKNOWN
    return "none" if path.kind == "none" else f"{path.kind} {path.latency_ms or 0:.0f} ms"


def pods_reached(measured: Measurement, name: str) -> str:
    """How many other nodes its pods reach; `–` if that was not measured."""
    answers = measured.pods.paths.get(name) if measured.pods else None
    return f"{sum(answers.values())} of {len(answers)}" if answers else "–"


def tailnet_reached(found: HostMeasured) -> str:
    """How many other hosts it reaches over the tailnet."""
    if not found.reached:
        return UNKNOWN
    return (
        f"{sum(path.kind != 'none' for path in found.paths.values())} of {len(found.paths)}" if found.paths else "none"
    )


def clock(found: HostMeasured) -> str:
    """The offset of its clock from this machine's, in seconds."""
    if found.clock_offset_s is None:
        return UNKNOWN
    digits = 0 if abs(found.clock_offset_s) >= 10 else 1
    return f"{found.clock_offset_s:+.{digits}f} s".replace("-", "−").replace("−0.0", "+0.0")


def _hosts(cluster: Cluster, measured: Measurement) -> str:
    rows = [("host", "site", "role", "address", "tailnet", "node", "pods", "clock")]
    for found in measured.hosts:
        rows.append(
            (
                found.name,
                found.site,
                role(found.roles),
                found.tailnet_address or "none",
                tailnet_reached(found),
                node(cluster, found),
                pods_reached(measured, found.name),
                clock(found),
            )
        )
    return _table(rows)


def _matrix(measured: Measurement, width: int) -> str:
    tables = []
    for chosen in _columns(measured, width):
        rows = [("", *chosen)]
        rows += [(found.name, *(cell(found, name) for name in chosen)) for found in measured.hosts]
        tables.append(_table(rows))
    return "\n\n".join([f"Paths, row to column\n{tables[0]}", *tables[1:]])


def _columns(measured: Measurement, width: int) -> list[list[str]]:
    """The hosts, in as few groups as fit beside the names."""
    names = [found.name for found in measured.hosts]
    left = width - max(len(name) for name in names)
    groups: list[list[str]] = [[]]
    used = 0
    for name in names:
        needed = 2 + max(len(name), *(len(cell(found, name)) for found in measured.hosts))
        if groups[-1] and used + needed > left:
            groups.append([])
            used = 0
        groups[-1].append(name)
        used += needed
    return groups


def pods(measured: Measurement) -> str:
    """How many pairs of pods answer, and what else they reach; the reason if drift was not measured."""
    found = measured.pods
    drift = f"\ndrift not measured: {measured.drift_note}" if measured.drift is None else ""
    if found is None:
        return f"pods not measured{drift}"
    pairs = [answered for row in found.paths.values() for answered in row.values()]
    large = [answered for row in found.large.values() for answered in row.values()]
    return (
        f"pods {sum(pairs)} of {len(pairs)} pairs, {sum(large)} of {len(large)} with a megabyte · "
        f"DNS from {sum(found.dns.values())} of {len(found.dns)} nodes · ClusterIP from {sum(found.service.values())} of {len(found.service)}{drift}"
    )


def _finding(finding: Finding, style: Style, *, verbose: bool, with_docs: bool) -> str:
    """Its block of lines; `with_docs`: it is the first of its check, which has one section for all."""
    head = style.paint(f"{MARKS[finding.severity]} {finding.check.name}", finding.severity)
    docs = [style.paint(f"    see   {finding.check.docs}", "faint")] if with_docs else []
    if finding.severity == "warning":
        sentence = f"{finding.problem.what} ({finding.problem.why})"
        return "\n".join([*_wrapped(f"{head}   {finding.problem.where}: ", sentence, 4, style.width), *docs])
    lines = _wrapped(f"{head}   ", finding.problem.where, 4, style.width)
    for part in ("what", "why", "fix"):
        lines += _wrapped(f"    {part:<6}", getattr(finding.problem, part), len(INDENT), style.width)
    if finding.consequences:
        below = "; ".join(f"{found.check.name} {found.problem.where}" for found in finding.consequences)
        lines += _wrapped("    so    ", below, len(INDENT), style.width)
    lines += docs
    if verbose:
        lines += [style.paint(line, "faint") for item in finding.evidence for line in _evidence(item, style.width)]
    return "\n".join(lines)


def _evidence(evidence: Evidence, width: int) -> Iterator[str]:
    yield f"    $ {evidence.command.splitlines()[0][: width - 6] if evidence.command else ''}"
    yield from (f"      {line[: width - 6]}" for line in evidence.output)


def _closing(findings: Sequence[Finding], style: Style, page: str) -> str:
    counts = {kind: sum(finding.severity == kind for finding in findings) for kind in ("problem", "warning")}
    text = ", ".join(
        f"{count or 'no'} {kind}{'' if count == 1 else 's'}"
        for kind, count in counts.items()
        if count or kind == "problem"
    )
    kind = "problem" if counts["problem"] else "warning" if counts["warning"] else "fine"
    return style.paint(text, kind) + (f" · {page}" if page else "")


def _wrapped(head: str, text: str, indent: int, width: int) -> list[str]:
    return textwrap.wrap(
        head + text,
        width,
        subsequent_indent=" " * indent,
        drop_whitespace=True,
        replace_whitespace=False,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _table(rows: Iterable[Sequence[str]]) -> str:
    held = [list(row) for row in rows]
    widths = [max(len(row[column]) for row in held) for column in range(len(held[0]))]
    return "\n".join(
        "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip() for row in held
    )
