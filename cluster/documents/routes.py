"""The routes that each host advertises to the tailnet, its local networks, and headscale's policy, which allows exactly these."""

from __future__ import annotations

from ipaddress import IPv4Network

from cluster.model import Cluster, Host

# The tag of every host in the policy; headscale assigns it with the pre-auth key by which the host joins.
TAG = "tag:node"


def advertised(cluster: Cluster, host: Host) -> tuple[IPv4Network, ...]:
    """The LAN address of a host and its declared LAN routes; the subnet of its pods is known only after Kubernetes has assigned it."""
    return cluster.routes_of(host)


def kept_local(cluster: Cluster, host: Host) -> tuple[IPv4Network, ...]:
    """Networks that `host` never routes into the tailnet, though other hosts advertise addresses of them: its LAN and its LAN routes."""
    return tuple(dict.fromkeys((host.site.lan, *host.lan_routes)))


def approved(cluster: Cluster) -> tuple[IPv4Network, ...]:
    """Routes that headscale approves automatically.

    Routes of pods are included also with vxlan: during a change of `pod_network`, the old routes work until the new network does.
    """
    return (cluster.pod_cidr, *(route for host in cluster.hosts for route in advertised(cluster, host)))


def policy(cluster: Cluster) -> dict[str, object]:
    """headscale's policy document: all hosts, and all networks behind them, may reach each other.

    The networks are listed because SNAT is off: packets have addresses of these networks, to which no tag applies.
    """
    members = [TAG, *(str(network) for network in approved(cluster))]
    return {
        "tagOwners": {TAG: []},
        "autoApprovers": {"routes": {str(network): [TAG] for network in approved(cluster)}},
        "acls": [{"action": "accept", "src": members, "dst": [f"{member}:*" for member in members]}],
    }
