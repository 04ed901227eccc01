"""The kind of path that two hosts should have through the tailnet, derived from the NAT of their sites."""

from __future__ import annotations

from typing import Literal

from cluster import ports
from cluster.model import Cluster, Host

Kind = Literal["direct", "relayed", "none"]
DIRECT: frozenset[Kind] = frozenset({"direct"})
# Two masquerading routers may both use another source port for each destination, which makes hole punching impossible.
MAY_BE_RELAYED: frozenset[Kind] = frozenset({"direct", "relayed"})


def allowed_kinds(cluster: Cluster, source: Host, destination: Host) -> frozenset[Kind]:
    """The kinds of path that are no problem between two hosts."""
    if source.site.site == destination.site.site:
        return DIRECT
    reachable = any(host.address_for(ports.WIREGUARD, "udp") for host in (source, destination))
    return DIRECT if reachable else MAY_BE_RELAYED
