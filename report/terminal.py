"""The measurement as text: a summary line, a row for each host, the path matrix, the problems."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from cluster.model import Cluster
from cluster.problems import Problem
from report.measurement import HostMeasured, Measurement


def render(cluster: Cluster, measured: Measurement, problems: Sequence[Problem]) -> str:
    """Everything a person reads, at most 100 columns where host names allow it."""
    parts = [_summary(measured), _hosts(cluster, measured), _matrix(measured), _pods(measured)]
    parts += [f"✗ {problem}" for problem in problems]
    parts.append(f"{len(problems)} problem{'' if len(problems) == 1 else 's'}")
    return "\n\n".join(part for part in parts if part)


def _summary(measured: Measurement) -> str:
    return (
        f"{measured.cluster} · {len(measured.hosts)} hosts · Kubernetes {measured.kubernetes} · "
        f"headscale {measured.headscale} · measured in {measured.seconds:.0f} s"
    )


def _hosts(cluster: Cluster, measured: Measurement) -> str:
    rows = [("host", "site", "part", "tailnet", "node", "pods")]
    for found in measured.hosts:
        part = ", ".join(role.replace("_", " ") for role in found.roles)
        rows.append(
            (
                found.name,
                found.site,
                part,
                found.tailnet_address or "none",
                found.node or "–",
                _reached(measured, found),
            )
        )
    return _table(rows)


def _reached(measured: Measurement, found: HostMeasured) -> str:
    answers = measured.pods.paths.get(found.name)
    return f"{sum(answers.values())} of {len(answers)}" if answers else "–"


def _matrix(measured: Measurement) -> str:
    names = [found.name for found in measured.hosts]
    rows = [("row to column", *names)]
    for found in measured.hosts:
        rows.append((found.name, *(_cell(found, name) for name in names)))
    return _table(rows)


def _cell(found: HostMeasured, name: str) -> str:
    if name == found.name:
        return "·"
    path = found.paths.get(name)
    if path is None:
        return "not measured"
    return "none" if path["kind"] == "none" else f"{path['kind']} {path['latency_ms']:.0f} ms"


def _pods(measured: Measurement) -> str:
    pods = measured.pods
    pairs = [answered for row in pods.paths.values() for answered in row.values()]
    return (
        f"pods {sum(pairs)} of {len(pairs)} pairs · DNS from {sum(pods.dns.values())} of {len(pods.dns)} nodes · "
        f"ClusterIP from {sum(pods.service.values())} of {len(pods.service)} nodes"
    )


def _table(rows: Iterable[Sequence[str]]) -> str:
    held = [list(row) for row in rows]
    widths = [max(len(row[column]) for row in held) for column in range(len(held[0]))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in held
    )
