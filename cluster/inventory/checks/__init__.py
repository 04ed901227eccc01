"""The checks between keys of the inventory.

A key that could not be read is None here (or empty); it has its own problem already, so these checks skip it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from cluster.inventory.checks import access, addresses, fetching, naming, networks, nodes, roles, versions
from cluster.model import Cluster
from cluster.problems import Problem


def problems(cluster: Cluster, data: Mapping[str, Mapping[str, Any]], unread: Collection[str]) -> list[Problem]:
    """All problems between keys. `data`: host name → its data as written; `unread`: places whose values could not be read."""
    # While a host's roles can't be read, no role can be reported as missing.
    about_roles = (
        [] if any(".roles" in place for place in unread) else [*roles.problems(cluster), *naming.problems(cluster)]
    )
    return [
        *about_roles,
        *addresses.problems(cluster, data),
        *access.problems(cluster, data),
        *networks.problems(cluster),
        *fetching.problems(cluster),
        *nodes.problems(cluster),
        *versions.problems(cluster),
    ]


def warnings(cluster: Cluster) -> tuple[str, ...]:
    """Limits of the declared cluster that the operator may not expect, one sentence each."""
    return (*networks.warnings(cluster), *roles.warnings(cluster), *nodes.warnings(cluster))
