"""The check for a headscale of the owner's on the coordinator: its configuration and its database are never overwritten."""

from __future__ import annotations

from cluster.model import Host
from cluster.observed.headscale import Standing
from cluster.problems import Problem

AWAY = "systemctl disable --now headscale; for f in /etc/headscale /var/lib/headscale; do test ! -e $f || mv $f $f.old; done"


def problems(host: Host, found: Standing, is_restore: bool) -> list[Problem]:
    """What stands in the way on the coordinator. `is_restore`: a database without a configuration may be the one that is restored."""
    if not host.is_coordinator or found.is_ours or (not found.config and (is_restore or not found.database)):
        return []
    served = f" for {found.server}" if found.server else ""
    held = [
        f"{number} {name}{'' if number == 1 else 's'}"
        for name, number in (("user", found.users), ("machine", found.machines))
        if number
    ]
    what = f"{found.config or found.database} is of a headscale{served} that isthmus has not set up"
    return [
        Problem(
            f"{host.name} headscale",
            f"{what}, with {' and '.join(held)}" if held else what,
            "the deploy writes the configuration and the policy, and its reset deletes the database: its machines would be cut off",
            f"to keep it, give the role coordinator to another host; if it is not needed: {AWAY}",
        )
    ]
