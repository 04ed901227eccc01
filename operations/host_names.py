"""What goes into the hosts file of a host, from what headscale knows at that moment."""

from __future__ import annotations

from pyinfra import host

from cluster.documents import host_names
from cluster.documents.hosts_file import keep_address
from cluster.model import Cluster, Host
from cluster.observed.headscale import node_of
from engine import remote
from facts.files import Content
from facts.headscale import Nodes


def tailnet_addresses(whole: Cluster) -> dict[str, str] | None:
    """Name → tailnet address of those that have joined; None where headscale does not answer."""
    nodes = remote.fact(whole.coordinator.name, Nodes)
    if nodes is None:
        return None
    joined = {member.name: node_of(nodes, member.name) for member in whole.hosts}
    return {name: node.addresses[0] for name, node in joined.items() if node and node.addresses}


def tailnet_names(whole: Cluster, this: Host, all_of_them: bool = False) -> dict[str, list[str]] | None:
    """Address → names; None where headscale does not answer, or where `all_of_them` are wanted and some have not joined."""
    known = tailnet_addresses(whole)
    if known is None or (all_of_them and len(known) < len(whole.hosts)):
        return None
    return host_names.entries(whole, this, known)


def names_so_far(whole: Cluster, this: Host) -> dict[str, list[str]] | None:
    """Those that are known before all have joined. The API's name stays where it leads: what it shall lead to may not answer yet."""
    found = tailnet_names(whole, this)
    lines = host.get_fact(Content, path="/etc/hosts")
    return None if found is None else keep_address(lines or (), found, whole.api_endpoint_name)
