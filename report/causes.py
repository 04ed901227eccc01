"""Which finding explains which: causes come first, and what they cause stands below them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from graphlib import TopologicalSorter

from cluster.problems import Problem
from report.findings import Check, Finding

LISTED = 4  # pairs of hosts that a merged finding names


def graph(checks: Sequence[Check]) -> dict[str, tuple[str, ...]]:
    """Check → the checks that may explain it, as both sides declare it."""
    return {
        one.name: (*one.anywhere, *one.depends_on, *(cause.name for cause in checks if one.name in cause.explains))
        for one in checks
    }


def causes_first(checks: Sequence[Check]) -> tuple[Check, ...]:
    """Each check after all that may explain it, else in the given order.

    KeyError if one depends on a check that is unknown; graphlib.CycleError if checks explain each other.
    """
    causes = graph(checks)
    TopologicalSorter(causes).prepare()
    by_name = {one.name: one for one in checks}
    order: dict[str, Check] = {}

    # graphlib's own order puts all checks without a cause first, a wrong image before a tailnet that is down.
    def place(name: str) -> None:
        for cause in causes[name]:
            place(cause)
        order.setdefault(name, by_name[name])

    for name in causes:
        place(name)
    return tuple(order.values())


def explains(cause: Finding, other: Finding) -> bool:
    """Whether `other` follows from `cause`. Two findings about pairs must be about the same two hosts."""
    if "warning" in (cause.severity, other.severity):
        return False
    if cause.check.name in other.check.anywhere:
        return True
    if cause.check.name not in other.check.depends_on and other.check.name not in cause.check.explains:
        return False
    both_pairs = len(cause.hosts) > 1 and len(other.hosts) > 1
    return set(cause.hosts) == set(other.hosts) if both_pairs else not set(cause.hosts).isdisjoint(other.hosts)


def fold(ranked: Sequence[Finding]) -> list[Finding]:
    """The causes, each with all that follows from it, directly or by another. `ranked`: causes before what they explain."""
    roots: dict[int, int] = {}
    for place, finding in enumerate(ranked):
        by = next((earlier for earlier in range(place) if explains(ranked[earlier], finding)), None)
        roots[place] = place if by is None else roots[by]
    held: dict[int, list[Finding]] = {}
    for place, root in roots.items():
        held.setdefault(root, []).extend([] if place == root else [ranked[place]])
    return [replace(ranked[root], consequences=tuple(below)) for root, below in held.items()]


def arrange(ranked: Sequence[Finding], wanted: set[str]) -> tuple[Finding, ...]:
    """The findings of the `wanted` checks, causes first, problems before warnings.

    A finding whose cause is not wanted stands by itself, and names the cause as its why.
    """
    shown: list[Finding] = []
    for root in fold(ranked):
        below = [finding for finding in root.consequences if finding.check.name in wanted]
        if root.check.name in wanted:
            shown.append(replace(root, consequences=tuple(merge(below))))
        else:
            shown += [replace(finding, problem=replace(finding.problem, why=_because(root))) for finding in below]
    return tuple(sorted(merge(shown), key=lambda finding: (finding.severity == "warning", not finding.consequences)))


def merge(findings: Iterable[Finding]) -> list[Finding]:
    """One finding for several that differ in their hosts or pairs only."""
    groups: dict[tuple[str, ...], list[Finding]] = {}
    for finding in findings:
        same = finding.problem.why if len(finding.hosts) > 1 else f"{finding.problem.what} {finding.problem.why}"
        groups.setdefault((finding.check.name, finding.severity, same), []).append(finding)
    return [group[0] if len(group) == 1 else _merged(group) for group in groups.values()]


def _merged(group: Sequence[Finding]) -> Finding:
    first = group[0]
    below = merge(finding for member in group for finding in member.consequences)
    what = (
        first.problem.what
        if len({member.problem.what for member in group}) == 1
        else f"{first.problem.what} (first of {len(group)})"
    )
    return replace(
        first,
        hosts=tuple(dict.fromkeys(host for member in group for host in member.hosts)),
        problem=Problem(_where(group), what, first.problem.why, first.problem.fix),
        evidence=tuple(dict.fromkeys(item for member in group for item in member.evidence)),
        consequences=tuple(below),
    )


def _where(group: Sequence[Finding]) -> str:
    """`A, B` for findings about one host each; for pairs `A → B, C` if they share a host, else the pairs themselves."""
    if any(len(member.hosts) != 2 for member in group):
        return ", ".join(dict.fromkeys(member.problem.where for member in group))
    pairs = [(member.hosts[0], member.hosts[1]) for member in group]
    shared = next((name for name in pairs[0] if all(name in pair for pair in pairs)), None)
    return _listed(pairs) if shared is None else _around(shared, pairs)


def _listed(pairs: Sequence[tuple[str, str]]) -> str:
    listed = [f"{one} → {other}" for one, other in pairs]
    return ", ".join(listed[:LISTED]) + (f" and {len(listed) - LISTED} more" if len(listed) > LISTED else "")


def _around(center: str, pairs: Sequence[tuple[str, str]]) -> str:
    """All pairs as one arrow from, to, or both from and to `center`, which each of them has."""
    others = dict.fromkeys(name for pair in pairs for name in pair if name != center)
    outwards = any(source == center for source, _ in pairs)
    inwards = any(target == center for _, target in pairs)
    arrow = "↔" if outwards and inwards else "→" if outwards else "←"
    return f"{center} {arrow} {', '.join(others)}"


def _because(root: Finding) -> str:
    return f"{root.check.name} on {root.problem.where}: {root.problem.what}"
