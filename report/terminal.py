"""The measurement as text: a summary line, a row for each host, the path matrix, then the problems."""

from __future__ import annotations

import os
import shutil
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TextIO

from cluster.model import Cluster
from report import tables
from report.findings import Finding
from report.measurement import Evidence, Measurement
from report.values import printable_values

# Without a terminal, as wide as one that nobody has widened.
WIDTH, WIDEST, NARROWEST = 80, 100, 60
INDENT = " " * 10
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
        return cls(not os.environ.get("NO_COLOR"), min(WIDEST, max(NARROWEST, columns)))

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
    counted: str = "",
) -> str:
    """The whole report, as wide as `style`; evidence only if `verbose`. `counted`: how many checks passed, in words."""
    measured, findings = printable_values(measured), printable_values(list(findings))
    parts = ["\n".join(_wrapped("", f"{measured.cluster} · {summary(measured)}", 0, style.width))]
    parts += [tables.hosts(cluster, measured, style.width), tables.matrix(measured, style.width)]
    parts += ["\n".join(line for text in pods(measured).splitlines() for line in _wrapped("", text, 0, style.width))]
    first = {finding.check.name: finding for finding in reversed(findings)}
    parts += [
        _finding(finding, style, verbose=verbose, with_docs=finding is first[finding.check.name])
        for finding in findings
    ]
    parts.append(_closing(findings, style, page, counted))
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


def _closing(findings: Sequence[Finding], style: Style, page: str, counted: str) -> str:
    counts = {kind: sum(finding.severity == kind for finding in findings) for kind in ("problem", "warning")}
    text = ", ".join(
        f"{count or 'no'} {kind}{'' if count == 1 else 's'}"
        for kind, count in counts.items()
        if count or kind == "problem"
    )
    kind = "problem" if counts["problem"] else "warning" if counts["warning"] else "fine"
    return " · ".join(part for part in (style.paint(text, kind), counted, page) if part)


def _wrapped(head: str, text: str, indent: int, width: int) -> list[str]:
    return textwrap.wrap(
        (head + text).replace("\n", " "),
        width,
        subsequent_indent=" " * indent,
        drop_whitespace=True,
        replace_whitespace=False,
        break_long_words=False,
        break_on_hyphens=False,
    )
