"""The address of the API's name: the only control plane, or the gateway, which forwards connections to control planes that answer."""

from __future__ import annotations

from collections.abc import Mapping

from cluster.model import Cluster, Host


def is_forwarded(cluster: Cluster) -> bool:
    """Whether the gateway forwards API connections. A gateway that is a control plane does not: its own API has the port."""
    return len(cluster.control_planes) > 1 and not cluster.gateway.is_control_plane


def target_for(cluster: Cluster, host: Host) -> Host:
    """The host to which the API's name leads on `host`. A control plane uses its own API: any other may be down."""
    if host.is_control_plane:
        return host
    return cluster.gateway if len(cluster.control_planes) > 1 else cluster.control_planes[0]


def forwarding(cluster: Cluster, tailnet: Mapping[str, str]) -> dict[str, object] | None:
    """The values of api.conf.j2. `tailnet`: host name → tailnet address. None if the gateway, or every control plane, has not joined yet."""
    known = [tailnet[host.name] for host in cluster.control_planes if host.name in tailnet]
    own = tailnet.get(cluster.gateway.name)
    if own is None or not known:
        return None
    return {
        "address": own,
        "port": cluster.api_port,
        "allowed": str(cluster.tailnet_cidr),
        "control_planes": known,
    }
