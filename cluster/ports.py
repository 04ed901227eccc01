"""The ports of a host at which programs of ours listen: who listens, on which hosts, and who connects.

Derived from this table: what preflight wants free (`preflight/hosts.py`), what packet filters must admit (`documents/iptables.py`, `packets.py`),
what may answer from the internet (`report/exposure.py`), which ports an inventory can't choose (`inventory/checks/naming.py`),
and the ports that README asks to open.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from cluster.documents import api_endpoint
from cluster.model import Cluster, Host

WIREGUARD, STUN, HEADSCALE, KUBELET, KUBE_PROXY_HEALTH = 41641, 3478, 8080, 10250, 10256

Role = Literal["host", "gateway", "coordinator", "node", "control_plane"]
# Everybody; the networks in api_access; the operator's machine; hosts and pods of the cluster.
Source = Literal["internet", "api_access", "operator", "cluster"]


@dataclass(frozen=True)
class Port:
    """A port on every host of a role. A `number` that is None isn't used there.

    `programs` may hold the port before a deploy; the first one listens after it.
    `is_needed`: the deploy fails if another program holds it. `is_harmless`: an answer to the internet reveals nothing.
    """

    protocol: Literal["tcp", "udp"]
    number: int | Callable[[Cluster, Host], int | None]
    programs: tuple[str, ...]
    role: Role
    source: Source
    is_needed: bool = True
    is_harmless: bool = False

    @property
    def may_answer_internet(self) -> bool:
        """Whether verify accepts that anybody gets an answer there: security lists are the operator's."""
        return self.source != "cluster" or self.is_harmless

    def on(self, cluster: Cluster, host: Host) -> int | None:
        """The port's number on `host`; None if the host has not the role, or does not use the port."""
        if self.role != "host" and not getattr(host, f"is_{self.role}"):
            return None
        return self.number(cluster, host) if callable(self.number) else self.number


def _ssh(cluster: Cluster, host: Host) -> int:
    return host.ssh_port


def _coordination(cluster: Cluster, host: Host) -> int:
    return cluster.coordination_port


def _api(cluster: Cluster, host: Host) -> int:
    return cluster.api_port


def _forwarded_api(cluster: Cluster, host: Host) -> int | None:
    return cluster.api_port if api_endpoint.is_forwarded(cluster) else None


PORTS = (
    # First: every host's way into the tailnet.
    Port("udp", WIREGUARD, ("tailscaled",), "host", "internet"),
    # A router forwards ssh_port to the host's own 22.
    Port("tcp", 22, ("sshd",), "host", "operator", is_needed=False),
    Port("tcp", _ssh, ("sshd",), "host", "operator", is_needed=False),
    # ACME's HTTP challenge.
    Port("tcp", 80, ("nginx", "certbot"), "gateway", "internet"),
    Port("tcp", _coordination, ("nginx",), "gateway", "internet"),
    Port("tcp", _forwarded_api, ("nginx",), "gateway", "cluster"),
    Port("tcp", HEADSCALE, ("headscale",), "coordinator", "cluster"),
    Port("udp", STUN, ("headscale",), "coordinator", "internet"),
    # It asks every client for a certificate.
    Port("tcp", KUBELET, ("kubelet",), "node", "cluster", is_harmless=True),
    # For load balancers. kube-proxy runs without it, too (bindAddressHardFail is off).
    Port("tcp", KUBE_PROXY_HEALTH, ("kube-proxy",), "node", "cluster", is_needed=False, is_harmless=True),
    Port("tcp", _api, ("kube-apiserver",), "control_plane", "api_access"),
    Port("tcp", 2379, ("etcd",), "control_plane", "cluster"),
    Port("tcp", 2380, ("etcd",), "control_plane", "cluster"),
)


# TCP ports at which programs of a node listen on loopback only; a program that listens at all addresses takes them, too.
LOOPBACK = {
    2381: "etcd",
    10248: "kubelet",
    10249: "kube-proxy",
    10257: "kube-controller-manager",
    10259: "kube-scheduler",
    10280: "flannel",
    50443: "headscale",
}
# kube-apiserver's own default range of services of type NodePort.
NODE_PORTS = range(30000, 32768)


def of(cluster: Cluster, host: Host) -> list[tuple[int, Port]]:
    """The ports of `host` with their numbers, in the table's order."""
    numbered = ((port.on(cluster, host), port) for port in PORTS)
    return [(number, port) for number, port in numbered if number is not None]


def fixed_tcp() -> dict[int, str]:
    """Number → program of each TCP port that no key of the inventory moves."""
    return LOOPBACK | {
        port.number: port.programs[0] for port in PORTS if port.protocol == "tcp" and isinstance(port.number, int)
    }
