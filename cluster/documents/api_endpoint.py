"""Where the API's name leads: to the only control plane, or to the gateway, which passes calls on to those that answer."""

from __future__ import annotations

from collections.abc import Mapping

from cluster.model import Cluster, Host


def is_forwarded(cluster: Cluster) -> bool:
    """Whether the gateway passes calls on. One that is a control plane itself answers them: its port is taken."""
    return len(cluster.control_planes) > 1 and not cluster.gateway.is_control_plane


def target_for(cluster: Cluster, host: Host) -> Host:
    """The host that the API's name leads to on `host`. Control planes ask themselves: any other may be away."""
    if host.is_control_plane:
        return host
    return cluster.gateway if len(cluster.control_planes) > 1 else cluster.control_planes[0]


def forwarding(cluster: Cluster, tailnet: Mapping[str, str]) -> dict[str, object] | None:
    """For api.conf.j2, from the tailnet's addresses; None where the gateway, or every control plane, has not joined yet."""
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
