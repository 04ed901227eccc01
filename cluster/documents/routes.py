"""What each host advertises to the tailnet, what it keeps to itself, and the policy that admits exactly that."""

from __future__ import annotations

from ipaddress import IPv4Network

from cluster.model import Cluster, Host

# What every host of the cluster is in the policy; headscale gives it with the key that the host joins by.
TAG = "tag:node"


def advertised(cluster: Cluster, host: Host) -> tuple[IPv4Network, ...]:
    """Its own LAN address and its declared LAN routes; the network of its pods is known only when Kubernetes gave it one."""
    return cluster.routes_of(host)


def kept_local(cluster: Cluster, host: Host) -> tuple[IPv4Network, ...]:
    """What `host` never sends into the tailnet, though others advertise addresses of it: its own LAN, and what it routes."""
    return tuple(dict.fromkeys((host.site.lan, *host.lan_routes)))


def approved(cluster: Cluster) -> tuple[IPv4Network, ...]:
    """Every route that becomes served without anybody's consent.

    Those of pods also where the pod network needs none: while it is switched, packets go the old way until the new one is there.
    """
    return (cluster.pod_cidr, *(route for host in cluster.hosts for route in advertised(cluster, host)))


def policy(cluster: Cluster) -> dict[str, object]:
    """headscale's policy document: hosts, and what they route, reach one another; nobody else is in the tailnet.

    Routed addresses are named one by one: with SNAT off they are the senders and the receivers, and no tag covers them.
    """
    members = [TAG, *(str(network) for network in approved(cluster))]
    return {
        "tagOwners": {TAG: []},
        "autoApprovers": {"routes": {str(network): [TAG] for network in approved(cluster)}},
        "acls": [{"action": "accept", "src": members, "dst": [f"{member}:*" for member in members]}],
    }
