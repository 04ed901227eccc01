"""Swap that the deploy can't turn off."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cluster.model import Host
from cluster.observed.survey import Survey
from cluster.problems import Problem


def problems(host: Host, survey: Survey, found: Mapping[str, Sequence[str]]) -> list[Problem]:
    """Swap in use on the machine of a container: kubelet sees it there too. `found`: as facts.swap.Swap has it."""
    if not (host.is_node and survey.container and found["active"]):
        return []
    return [
        Problem(
            f"{host.name} swap",
            f"the machine of this container uses swap ({', '.join(found['active'])}), and the container sees it",
            "kubelet refuses to start with swap, and a container must not turn off its machine's",
            "on its machine: `pct set ID --swap 0` (Proxmox), `lxc config set NAME limits.memory.swap false` (LXD), or `swapoff --all`",
        )
    ]
