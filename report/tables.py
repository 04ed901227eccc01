"""The measurement as two tables of text: a row for each host, and the path from every host to every other."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Sequence

from cluster.model import Cluster
from report.measurement import HostMeasured, Measurement

UNKNOWN = "unknown"
SHORT = 12  # characters of a long name
LEGEND = "Paths, row to column: least round trip in ms (r relayed, ✗ none, ? not measured)"
_SHORT_ROLES = {"gateway": "gw", "coordinator": "co", "control_plane": "cp"}
_HEADS = ("host", "site", "role", "address", "tailnet", "node", "pods", "clock")


def hosts(cluster: Cluster, measured: Measurement, width: int) -> str:
    """A row for each host; if `width` is not enough, roles are abbreviated, then names, and columns stand closer."""
    shapes: tuple[tuple[Callable[[Sequence[str]], str], Callable[[str], str], str], ...] = (
        (role, str, "  "),
        (_short_role, str, "  "),
        (_short_role, short, "  "),
        (_short_role, short, " "),
    )
    text = ""
    for of_role, of_name, gap in shapes:
        rows = [_HEADS, *(_host(cluster, measured, found, of_role, of_name) for found in measured.hosts)]
        text = table(rows, gap)
        if max(map(len, text.splitlines())) <= width:
            break
    return text


def _host(
    cluster: Cluster,
    measured: Measurement,
    found: HostMeasured,
    of_role: Callable[[Sequence[str]], str],
    of_name: Callable[[str], str],
) -> tuple[str, ...]:
    return (
        of_name(found.name),
        of_name(found.site),
        of_role(found.roles),
        found.tailnet_address or ("none" if found.tailnet and found.tailnet.state != "unreachable" else UNKNOWN),
        tailnet_reached(found),
        node(cluster, found),
        pods_reached(measured, found.name),
        clock(found),
    )


def matrix(measured: Measurement, width: int) -> str:
    """The legend, then the round trips; columns are headed by names if these fit, else by the numbers of the rows."""
    names = [found.name for found in measured.hosts]
    named = _rows(measured, names, names, "  ")
    lines = named if max(map(len, named)) <= width else _numbered(measured, names, width)
    return "\n".join([*textwrap.wrap(LEGEND, width), *lines])


def _numbered(measured: Measurement, names: Sequence[str], width: int) -> list[str]:
    """The same with numbers, in as few groups of columns as fit beside the names."""
    digits = len(str(len(names)))
    numbers = {name: str(number) for number, name in enumerate(names, 1)}
    rows = [f"{number:>{digits}} {short(name)}" for name, number in numbers.items()]
    left = width - max(map(len, rows))
    widths = {
        name: 1 + max(len(numbers[name]), *(len(cell(found, name)) for found in measured.hosts)) for name in names
    }
    groups: list[list[str]] = [[]]
    for name in names:
        if groups[-1] and sum(widths[one] for one in (*groups[-1], name)) > left:
            groups.append([])
        groups[-1].append(name)
    blocks = [_rows(measured, rows, group, " ", [numbers[name] for name in group]) for group in groups]
    return [line for at, block in enumerate(blocks) for line in (["", *block] if at else block)]


def _rows(
    measured: Measurement, heads: Sequence[str], columns: Sequence[str], gap: str, titles: Sequence[str] = ()
) -> list[str]:
    rows = [["", *(titles or columns)]]
    rows += [
        [head, *(cell(found, name) for name in columns)] for head, found in zip(heads, measured.hosts, strict=True)
    ]
    return table(rows, gap, numbers=True).splitlines()


def cell(found: HostMeasured, name: str) -> str:
    """A field of the matrix: `104` for a direct path of 104 ms, `212r` for a relayed one, `✗` for none, `?` if it was not measured."""
    if name == found.name:
        return "·"
    path = found.paths.get(name)
    if path is None:
        return "?"
    return "✗" if path.kind == "none" else f"{milliseconds(path.latency_ms)}{'r' if path.kind == 'relayed' else ''}"


def milliseconds(took: float | None) -> str:
    """Whole milliseconds; `<1` within a LAN, and `?` for a path without a time."""
    if took is None:
        return "?"
    return f"{took:.0f}" if took >= 0.95 else "<1"


def words(found: HostMeasured, name: str) -> str:
    """The same in words: kind and round trip of the path from `found` to `name`."""
    path = found.paths.get(name)
    if path is None:
        return "not measured"
    return "no path" if path.kind == "none" else f"{path.kind} {milliseconds(path.latency_ms)} ms"


def short(name: str) -> str:
    """The name; a long one is cut in the middle, as names of one cluster differ at both ends."""
    return name if len(name) <= SHORT else f"{name[: SHORT // 2]}…{name[1 - SHORT // 2 :]}"


def role(roles: Sequence[str]) -> str:
    """A host's roles in words."""
    return ", ".join(role.replace("_", " ") for role in roles) or "tailnet only"


def _short_role(roles: Sequence[str]) -> str:
    return " ".join(_SHORT_ROLES.get(role, role) for role in roles) or "–"


def node(cluster: Cluster, found: HostMeasured) -> str:
    """The state of its Kubernetes node; `–` if it is declared to be none."""
    if not cluster.host(found.name).is_node:
        return "–"
    return found.node or ("absent" if found.reached else UNKNOWN)


def pods_reached(measured: Measurement, name: str) -> str:
    """How many other nodes its pods reach; `–` if that was not measured."""
    answers = measured.pods.paths.get(name) if measured.pods else None
    return f"{sum(answers.values())}/{len(answers)}" if answers else "–"


def tailnet_reached(found: HostMeasured) -> str:
    """How many other hosts it reaches over the tailnet."""
    if not found.reached:
        return UNKNOWN
    return f"{sum(path.kind != 'none' for path in found.paths.values())}/{len(found.paths)}" if found.paths else "none"


def clock(found: HostMeasured) -> str:
    """The offset of its clock from this machine's, in seconds."""
    if found.clock_offset_s is None:
        return UNKNOWN
    digits = 0 if abs(found.clock_offset_s) >= 10 else 1
    return f"{found.clock_offset_s:+.{digits}f} s".replace("-", "−").replace("−0.0", "+0.0")


def table(rows: Sequence[Sequence[str]], gap: str = "  ", *, numbers: bool = False) -> str:
    """Columns of equal width; with `numbers`, all but the first are aligned to the right."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = []
    for row in rows:
        fields = [
            text.rjust(width) if numbers and at else text.ljust(width)
            for at, (text, width) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append(gap.join(fields).rstrip())
    return "\n".join(lines)
