"""The named checks, and what they find in a measurement. docs/checks.md describes causes and cures of each."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from report import causes
from report.checks import expiry, hosts, idle, images, nodes, paths, pods, routes, sources, tailnet
from report.findings import DOCS, Check, Finding, View, deviation

# From what carries the cluster to what runs in it. A host's check precedes what depends on it; without such it comes late.
_MODULES = (tailnet, paths, routes, images, nodes, pods, hosts, idle, expiry, sources)
CHECKS: tuple[Check, ...] = causes.causes_first(
    [value for module in _MODULES for value in vars(module).values() if isinstance(value, Check)]
)


def select(only: str = "", skip: str = "") -> tuple[Check, ...]:
    """The checks that two comma-separated lists leave; ValueError names each that is no check."""
    wanted, unwanted = _names(only), _names(skip)
    known = {check.name for check in CHECKS}
    unknown = [name for name in (*wanted, *unwanted) if name not in known]
    if unknown:
        raise ValueError(f"there is no check {', '.join(unknown)}; {DOCS} lists them all")
    return tuple(check for check in CHECKS if (not wanted or check.name in wanted) and check.name not in unwanted)


def run(wanted: Sequence[Check], view: View) -> tuple[Finding, ...]:
    """Findings of the `wanted` checks: causes before what they cause, problems before warnings.

    All checks run in any case: a check that is not wanted may find the cause of what another finds, and is then named as the cause.
    """
    found = [finding for check in CHECKS for finding in _find(check, view)]
    return causes.arrange(found, {check.name for check in wanted})


def passed(wanted: Iterable[Check], findings: Iterable[Finding]) -> list[str]:
    """The names of the `wanted` checks that found no problem, not even one that follows from another."""
    problems = [finding for finding in findings if finding.severity == "problem"]
    failed = {one.check.name for finding in problems for one in (finding, *finding.consequences)}
    return [check.name for check in wanted if check.name not in failed]


def _find(check: Check, view: View) -> list[Finding]:
    """What the check finds; an answer that it can't read is a finding of its own, and costs no other check."""
    try:
        return list(check.find(view))
    except Exception as error:
        unread = deviation(
            (),
            f"it could not be made: {type(error).__name__}: {str(error)[:200]}",
            "a host has answered what no program of a known version prints",
            f"verify.py --data skip={check.name} leaves it out; the answers are in build/verify.json",
        )
        return [Finding(unread.hosts, unread.problem, unread.severity, check=check)]


def to_json(findings: Iterable[Finding]) -> dict[str, Any]:
    """`problems` and `warnings`, in the order of the report."""
    listed = list(findings)
    return {
        f"{severity}s": [finding.to_json() for finding in listed if finding.severity == severity]
        for severity in ("problem", "warning")
    }


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]
