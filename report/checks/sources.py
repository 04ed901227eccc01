"""Where hosts fetch from, and what differs from what is declared."""

from __future__ import annotations

from collections.abc import Iterator

from report.checks.hosts import DEPLOY
from report.findings import Check, Finding, View, finding

SHOWN = 4


def mirrors(view: View) -> Iterator[Finding]:
    """Repositories and registries that a host can't reach."""
    for host in view.hosts():
        for url, error in host.sources.items():
            if error:
                yield finding(
                    "mirror-unreachable",
                    host.name,
                    f"it gets nothing from {url}",
                    error,
                    f"name another mirror in the group data of {host.site}, or on {host.name}: curl -v {url}",
                    host.said.get("sources"),
                )


def drift(view: View) -> Iterator[Finding]:
    """Hosts that a deploy would change."""
    changes: dict[str, list[str]] = {}
    for line in view.measured.drift or ():
        title, _, names = line.rpartition(": ")
        for name in names.split(", "):
            changes.setdefault(name, []).append(title)
    for name, titles in changes.items():
        more = f" and {len(titles) - SHOWN} more" if len(titles) > SHOWN else ""
        yield finding(
            "drift",
            name,
            f"a deploy would change: {'; '.join(titles[:SHOWN])}{more}",
            "somebody changed it by hand since the last deploy, or the inventory has changed since",
            f"look at it: pyinfra INVENTORY deploy.py --dry; then {DEPLOY}",
        )


CHECKS = (
    Check("mirror-unreachable", "A host does not reach what it fetches from.", mirrors),
    Check("drift", "A deploy would change something.", drift, ("drift",)),
)
