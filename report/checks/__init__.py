"""The named checks, and what they find in a measurement. docs/checks.md says of each what it means and what to do."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from report import causes
from report.checks import expiry, hosts, images, nodes, paths, pods, routes, sources, tailnet
from report.findings import Check, Finding, View

CHECKS: tuple[Check, ...] = (
    *hosts.CHECKS,
    *tailnet.CHECKS,
    *paths.CHECKS,
    *routes.CHECKS,
    *nodes.CHECKS,
    *pods.CHECKS,
    *images.CHECKS,
    *sources.CHECKS,
    *expiry.CHECKS,
)


def chosen(only: str = "", skip: str = "") -> tuple[Check, ...]:
    """The checks that two comma-separated lists leave; ValueError names what is no check."""
    wanted, unwanted = _names(only), _names(skip)
    known = {check.name for check in CHECKS}
    unknown = [name for name in (*wanted, *unwanted) if name not in known]
    if unknown:
        raise ValueError(f"there is no check {', '.join(unknown)}; docs/checks.md lists them all")
    return tuple(check for check in CHECKS if (not wanted or check.name in wanted) and check.name not in unwanted)


def run(wanted: Sequence[Check], view: View) -> tuple[Finding, ...]:
    """What the checks find: causes before what they cause, problems before warnings.

    All checks look, whatever was chosen: one that was not may be the cause of what another sees, and is then named as its cause.
    """
    found = [finding for check in CHECKS for finding in check.find(view)]
    names = {check.name for check in wanted}
    return causes.arranged(found, names)


def to_json(findings: Iterable[Finding]) -> dict[str, Any]:
    """`problems` and `warnings`, in the order of the report."""
    listed = list(findings)
    return {
        f"{severity}s": [finding.to_json() for finding in listed if finding.severity == severity]
        for severity in ("problem", "warning")
    }


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]
