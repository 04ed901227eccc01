"""Which kind of path two hosts should have through the tailnet, from the NAT that stands before each."""

from __future__ import annotations

from typing import Literal

from cluster.model import Cluster, Host

Kind = Literal["direct", "relayed", "none"]
DIRECT: frozenset[Kind] = frozenset({"direct"})
# Two routers that both masquerade may choose a port for each destination; then no hole can be punched.
MAY_BE_RELAYED: frozenset[Kind] = frozenset({"direct", "relayed"})


def allowed_kinds(cluster: Cluster, source: Host, destination: Host) -> frozenset[Kind]:
    """The kinds of path that are as they should be; anything else is a problem."""
    if source.site.site == destination.site.site:
        return DIRECT
    reachable = source.internet_address or destination.internet_address
    return DIRECT if reachable else MAY_BE_RELAYED
