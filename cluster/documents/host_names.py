"""The names in /etc/hosts of every host, which work without DNS."""

from __future__ import annotations

from collections.abc import Mapping

from cluster.documents import api_endpoint
from cluster.model import Cluster, Host


def entries(cluster: Cluster, host: Host, tailnet: Mapping[str, str]) -> dict[str, list[str]]:
    """Address → names for /etc/hosts of `host`. `tailnet`: host name → tailnet address of every host that has joined."""
    found: dict[str, list[str]] = {}
    for other in cluster.hosts:
        if other.name in tailnet:
            found.setdefault(tailnet[other.name], []).append(other.name)
    if host.name not in tailnet:
        # sudo waits, and prints an error, if the host's own name does not resolve.
        found.setdefault(str(host.lan_address), []).append(host.name)
    api = api_endpoint.target_for(cluster, host)
    if api.name in tailnet:
        found[tailnet[api.name]].append(cluster.api_endpoint_name)
    gateway = cluster.gateway
    if host.is_gateway or (host.site == gateway.site and gateway.site.nat == "masquerade"):
        # Not every cloud lets a machine reach itself by its public address, and not every router turns a call back into the LAN.
        found.setdefault(str(gateway.lan_address), []).append(cluster.coordination_name)
    return found
