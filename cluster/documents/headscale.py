"""The values of the configuration files of headscale, of its relay, and of nginx in front of it."""

from __future__ import annotations

from ipaddress import IPv4Address

from cluster import ports
from cluster.model import Cluster

# tailscale reserves regions 900 to 999 for relays of others.
REGION = 900


def headscale(cluster: Cluster) -> dict[str, object]:
    """The values of headscale.yaml.j2."""
    return {
        "server_url": cluster.server_url,
        "listen_address": _listens_at(cluster),
        "port": ports.HEADSCALE,
        "gateway_address": "127.0.0.1" if is_one_host(cluster) else str(cluster.gateway.lan_address),
        "tailnet_cidr": str(cluster.tailnet_cidr),
        "region": REGION,
        "stun_port": ports.STUN,
        "base_domain": base_domain(cluster),
    }


def base_domain(cluster: Cluster) -> str:
    """The domain of machines' names in the tailnet; headscale refuses a server_url inside it."""
    return f"nodes.{cluster.cluster_name}.internal"


def derp_map(cluster: Cluster) -> dict[str, object]:
    """The values of derp.yaml.j2: the relay is behind the gateway, STUN on the coordinator, since behind a proxy it would see the proxy's address."""
    return {
        "region": REGION,
        "name": cluster.coordination_name,
        "https_port": cluster.coordination_port,
        "stun_port": ports.STUN,
        "same_host": is_one_host(cluster),
        "coordinator_public": _text(cluster.coordinator.address_for(ports.STUN, "udp")),
    }


def nginx(cluster: Cluster) -> dict[str, object]:
    """The values of nginx.conf.j2, without the certificate."""
    return {
        "name": cluster.coordination_name,
        "port": cluster.coordination_port,
        "upstream": f"{_listens_at(cluster)}:{ports.HEADSCALE}",
        "source": "" if is_one_host(cluster) else str(cluster.gateway.lan_address),
    }


def is_one_host(cluster: Cluster) -> bool:
    """Whether gateway and coordinator are the same machine, so that they connect over loopback."""
    return cluster.gateway.name == cluster.coordinator.name


def _listens_at(cluster: Cluster) -> str:
    return "127.0.0.1" if is_one_host(cluster) else str(cluster.coordinator.lan_address)


def _text(address: IPv4Address | None) -> str:
    return str(address) if address else ""
