"""What must hold between the keys of the inventory, beyond each key by itself.

A key that could not be read is None here (or empty); its own problem is told already, so these checks pass over it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from cluster.inventory.checks import access, addresses, fetching, naming, networks, nodes, roles, versions
from cluster.model import Cluster
from cluster.problems import Problem


def problems(cluster: Cluster, data: Mapping[str, Mapping[str, Any]], told: Collection[str]) -> list[Problem]:
    """All of them; `data` is what was written, `told` the places whose values could not be read."""
    # Who is missing can't be said while somebody's roles can't be read.
    about_roles = (
        [] if any(".roles" in place for place in told) else [*roles.problems(cluster), *naming.problems(cluster)]
    )
    return [
        *about_roles,
        *addresses.problems(cluster),
        *access.problems(cluster, data),
        *networks.problems(cluster),
        *fetching.problems(cluster),
        *nodes.problems(cluster),
        *versions.problems(cluster),
    ]


def warnings(cluster: Cluster) -> tuple[str, ...]:
    """What works with less than the operator may expect, one sentence each."""
    return (*networks.warnings(cluster), *roles.warnings(cluster))
