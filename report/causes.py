"""Which finding explains which: causes come first, and what they cause stands below them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from graphlib import TopologicalSorter

from cluster.problems import Problem
from report.findings import Check, Finding

LISTED, LONGEST = 4, 6  # what a merged finding names if there is more than fits, and how much fits
_ADDRESS = re.compile(r"\d+(\.\d+){3}(/\d+)?")


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
    groups: dict[tuple[object, ...], list[Finding]] = {}
    for finding in findings:
        groups.setdefault((finding.check.name, finding.severity, finding.caused_by, _cause(finding)), []).append(
            finding
        )
    return [_marked(group[0]) if len(group) == 1 else _merged(group) for group in groups.values()]


def _cause(finding: Finding) -> str:
    """The text that is the same for the same cause: for a pair without its two names, and without addresses."""
    if len(finding.hosts) < 2:
        return f"{finding.problem.what} {finding.problem.why}"
    text = _ADDRESS.sub("ADDRESS", finding.problem.why)
    for name in finding.hosts:
        text = re.sub(rf"(?<![\w-]){re.escape(name)}(?![\w-])", "HOST", text)
    return text


def _marked(finding: Finding) -> Finding:
    """The finding about the hosts that cause it, without hosts that only suffer from it."""
    return replace(finding, hosts=finding.caused_by or finding.hosts)


def _merged(group: Sequence[Finding]) -> Finding:
    first = group[0]
    below = merge(finding for member in group for finding in member.consequences)
    what = (
        first.problem.what
        if len({member.problem.what for member in group}) == 1
        else f"{first.problem.what} (first of {len(group)})"
    )
    pairs = [(member.hosts[0], member.hosts[1]) for member in group if len(member.hosts) == 2]
    names = _centers(pairs) if len(pairs) == len(group) else [host for member in group for host in member.hosts]
    return replace(
        first,
        hosts=first.caused_by or tuple(dict.fromkeys(names)),
        problem=Problem(_where(group, pairs), what, first.problem.why, first.problem.fix),
        evidence=tuple(dict.fromkeys(item for member in group for item in member.evidence)),
        consequences=tuple(below),
    )


def _centers(pairs: Sequence[tuple[str, str]]) -> list[str]:
    """Of each pair the host that has more of the pairs, or both: one host that fails has a pair with every other."""
    counts = Counter(name for pair in pairs for name in pair)
    found = {name: None for pair in pairs for name in pair if counts[name] == max(counts[end] for end in pair)}
    return sorted(found, key=lambda name: -counts[name])


def _where(group: Sequence[Finding], pairs: Sequence[tuple[str, str]]) -> str:
    """`A, B` for findings about one host each; for pairs `A → B, C`, and the same for each other host that has many of them."""
    if len(pairs) < len(group):
        return ", ".join(dict.fromkeys(member.problem.where for member in group))
    left, arrows = list(pairs), []
    for center in _centers(pairs):
        if own := [pair for pair in left if center in pair]:
            arrows.append(_around(center, own))
            left = [pair for pair in left if pair not in own]
    if len(arrows) <= LISTED:
        return "; ".join(arrows)
    return f"{len(pairs)} paths between {_listed(list(dict.fromkeys(name for pair in pairs for name in pair)))}"


def _listed(texts: Sequence[str]) -> str:
    """All of them, or the first ones and how many more there are."""
    few = texts if len(texts) <= LONGEST else texts[:LISTED]
    return ", ".join(few) + (f" and {len(texts) - LISTED} more" if len(texts) > len(few) else "")


def _around(center: str, pairs: Sequence[tuple[str, str]]) -> str:
    """All pairs as one arrow from, to, or both from and to `center`, which each of them has."""
    others = dict.fromkeys(name for pair in pairs for name in pair if name != center)
    outwards = any(source == center for source, _ in pairs)
    inwards = any(target == center for _, target in pairs)
    arrow = "↔" if outwards and inwards else "→" if outwards else "←"
    return f"{center} {arrow} {_listed(list(others))}"


def _because(root: Finding) -> str:
    return f"{root.check.name} on {root.problem.where}: {root.problem.what}"
