"""A clock that nothing would set."""

from __future__ import annotations

from cluster.model import Host
from cluster.observed.machine import TimeServices
from cluster.problems import Problem


def problems(host: Host, found: TimeServices | None) -> list[Problem]:
    """A host whose only time services are masked: its owner does not want them, so the deploy installs none in their place."""
    if found is None or found.running or found.installed or not found.masked:
        return []
    units = " ".join(found.masked)
    return [
        Problem(
            f"{host.name} clock",
            f"no time service runs, and {units} is masked",
            "certificates and join tokens are checked against the clock",
            f"sudo systemctl unmask {units} && sudo systemctl enable --now {found.masked[0]}",
        )
    ]
