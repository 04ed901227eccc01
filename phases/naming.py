"""What goes into the hosts file of a host, from what headscale knows at that moment."""

from __future__ import annotations

from cluster import names
from cluster.model import Cluster, Host
from facts.headscale import Nodes, node_of
from operations import remote


def tailnet_names(whole: Cluster, this: Host, all_of_them: bool = False) -> dict[str, list[str]] | None:
    """Address → names; None where headscale does not answer, or where `all_of_them` are wanted and some have not joined."""
    nodes = remote.fact(whole.coordinator.name, Nodes)
    joined = {member.name: node_of(nodes or (), member.name) for member in whole.hosts}
    if nodes is None or (all_of_them and None in joined.values()):
        return None
    return names.entries(
        whole, this, {name: node.addresses[0] for name, node in joined.items() if node and node.addresses}
    )
