"""The names in a host's /etc/hosts, from headscale's current list of machines."""

from __future__ import annotations

from pyinfra import host

from cluster.documents import host_names
from cluster.documents.hosts_file import keep_address
from cluster.model import Cluster, Host
from cluster.observed.headscale import node_of
from engine import remote
from facts.files import Whole
from facts.headscale import Nodes


def tailnet_addresses(cluster: Cluster) -> dict[str, str] | None:
    """Host name → tailnet address of every host that has joined; None if headscale does not answer."""
    nodes = remote.fact(cluster.coordinator.name, Nodes)
    if nodes is None:
        return None
    joined = {member.name: node_of(nodes, member.name) for member in cluster.hosts}
    return {name: node.addresses[0] for name, node in joined.items() if node and node.addresses}


def tailnet_names(cluster: Cluster, member: Host, is_complete: bool = False) -> dict[str, list[str]] | None:
    """Address → names for the /etc/hosts of `member`; None if headscale does not answer.

    `is_complete`: also None if a host has not joined yet.
    """
    known = tailnet_addresses(cluster)
    if known is None or (is_complete and len(known) < len(cluster.hosts)):
        return None
    return host_names.entries(cluster, member, known)


def names_so_far(cluster: Cluster, member: Host) -> dict[str, list[str]] | None:
    """The same before all hosts have joined. The API's name keeps its current address: the API may not answer at the new one yet."""
    found = tailnet_names(cluster, member)
    text = host.get_fact(Whole, path="/etc/hosts")
    return None if found is None else keep_address(text or "", found, cluster.api_endpoint_name)
