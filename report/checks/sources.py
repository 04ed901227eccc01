"""Repositories and registries, and drift from the inventory."""

from __future__ import annotations

from collections.abc import Iterator

from report.checks.hosts import DEPLOY
from report.findings import DRIFT, Deviation, View, check, deviation

SHOWN = 4


@check("mirror-unreachable", depends_on=("clock-skew", "mtu-black-hole", "dns-host"), explains=("image-pull",))
def mirrors(view: View) -> Iterator[Deviation]:
    """The host does not reach a repository or registry that it fetches from."""
    for host in view.hosts():
        for url, error in host.sources.items():
            if error:
                yield deviation(
                    host.name,
                    f"it can't fetch from {url}",
                    error,
                    f"name another mirror in the group data of {host.site}, or on {host.name}: curl -v {url}",
                    host.evidence.get("sources"),
                )


@check(DRIFT, anywhere=("headscale-health",), needs=(DRIFT,))
def drift(view: View) -> Iterator[Deviation]:
    """A deploy would change something on the host."""
    changes: dict[str, list[str]] = {}
    for line in view.measured.drift or ():
        title, _, names = line.rpartition(": ")
        for name in names.split(", "):
            changes.setdefault(name, []).append(title)
    for name, titles in changes.items():
        more = f" and {len(titles) - SHOWN} more" if len(titles) > SHOWN else ""
        yield deviation(
            name,
            f"a deploy would change: {'; '.join(titles[:SHOWN])}{more}",
            "somebody changed it by hand since the last deploy, or the inventory has changed since",
            f"preview it: pyinfra INVENTORY deploy.py --dry; then {DEPLOY}",
        )
