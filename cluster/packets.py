"""The packets that a host must let through for its roles, as samples with which a packet filter is tried."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address

from cluster import ports
from cluster.documents import flannel
from cluster.model import Cluster, Host

# An address of the internet, and a port from which programs connect. Many a filter drops what pretends to come from reserved networks,
# those for documentation among them, so that only an address in use stands for the internet.
_ANYBODY, _CLIENT_PORT = IPv4Address("8.8.8.8"), 40000


@dataclass(frozen=True)
class Packet:
    """The first packet of a connection that a host must let through. `match`: it in the words of an nft rule; `text`: in ours."""

    hook: str
    text: str
    match: str
    protocol: str
    source: IPv4Address
    destination: IPv4Address
    port: int
    iif: str = ""
    oif: str = ""
    source_port: int = _CLIENT_PORT


def needed(cluster: Cluster, host: Host, device: str) -> list[Packet]:
    """The packets that `host` needs. `device`: the interface with its LAN address."""
    return [*_public(cluster, host, device), *_cluster(cluster, host, device)]


def _public(cluster: Cluster, host: Host, device: str) -> Iterator[Packet]:
    at = host.lan_address
    for number, port in ports.of(cluster, host):
        name, match = f"{port.protocol.upper()} {number}", f"{port.protocol} dport {number}"
        if port.source == "internet":
            yield Packet("input", name, match, port.protocol, _ANYBODY, at, number, iif=device)
        if port.source == "api_access":
            for network in cluster.api_access:
                first = network.network_address + (1 if network.num_addresses > 2 else 0)
                source = _ANYBODY if _ANYBODY in network else first
                near = f"ip saddr {network} " if network.prefixlen else ""
                text = f"{name} from {network}" if near else name
                yield Packet("input", text, near + match, port.protocol, source, at, number, iif=device)
    gateway = cluster.gateway
    if host.is_coordinator and host != gateway:
        text = f"TCP {ports.HEADSCALE} from {gateway.name}"
        match = f"ip saddr {gateway.lan_address} tcp dport {ports.HEADSCALE}"
        yield Packet("input", text, match, "tcp", gateway.lan_address, at, ports.HEADSCALE, iif=device)
    number = ports.WIREGUARD
    text, match = f"UDP from port {number}", f"udp sport {number}"
    yield Packet("output", text, match, "udp", at, _ANYBODY, number, oif=device, source_port=number)


def _cluster(cluster: Cluster, host: Host, device: str) -> Iterator[Packet]:
    tunnel, bridge = flannel.INTERFACE, flannel.BRIDGE
    member, own = cluster.tailnet_cidr[1], cluster.tailnet_cidr[2]
    pod, far_pod = cluster.pod_cidr[10], cluster.pod_cidr[-10]
    port = ports.KUBELET if host.is_node else ports.HEADSCALE
    yield Packet("input", f"packets from {tunnel}", f'iifname "{tunnel}"', "tcp", member, own, port, iif=tunnel)
    yield Packet("output", f"packets to {tunnel}", f'oifname "{tunnel}"', "tcp", own, member, port, oif=tunnel)
    if not host.is_node:
        return
    links = [bridge, *([flannel.VXLAN_LINK] if cluster.pod_network == "vxlan" else [])]
    way = links[-1] if len(links) > 1 else tunnel
    for link in links:
        yield Packet("input", f"packets from {link}", f'iifname "{link}"', "tcp", pod, own, port, iif=link)
    yield Packet("output", f"packets to {bridge}", f'oifname "{bridge}"', "tcp", own, pod, port, oif=bridge)
    yield Packet("forward", f"packets from {bridge}", f'iifname "{bridge}"', "tcp", pod, far_pod, 80, bridge, way)
    yield Packet("forward", f"packets from {bridge}", f'iifname "{bridge}"', "tcp", pod, _ANYBODY, 443, bridge, device)
    yield Packet("forward", f"packets to {bridge}", f'oifname "{bridge}"', "tcp", far_pod, pod, 80, way, bridge)
