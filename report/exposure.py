"""The ports of a host that may answer the internet, the host that tries them, and machines behind a routed LAN."""

from __future__ import annotations

from collections.abc import Sequence

from cluster import ports
from cluster.addresses import is_within
from cluster.model import Cluster, Host
from report.measurement import HostMeasured

FAR_LIMIT = 3


def expected(cluster: Cluster, host: Host) -> set[int]:
    """TCP ports that may answer at its public address, without NodePorts."""
    return {number for number, port in ports.of(cluster, host) if port.protocol == "tcp" and port.may_answer_internet}


def to_try(cluster: Cluster, hosts: Sequence[HostMeasured], prober: str) -> dict[str, str]:
    """`ADDRESS PORT` → host name: what `prober` tries, if it is the first reached host of another site."""
    wanted: dict[str, str] = {}
    for found in hosts:
        target = cluster.host(found.name)
        address = target.internet_address
        if address is None or _prober(cluster, hosts, target) != prober:
            continue
        for port in sorted(listening(found, target)):
            wanted[f"{address} {port}"] = found.name
    return wanted


def listening(found: HostMeasured, host: Host) -> set[int]:
    """TCP ports, except NodePorts, at which a program listens on an address that the internet may reach."""
    numbers: set[int] = set()
    own = {"0.0.0.0", "*", "[::]", str(host.lan_address), str(host.public_address)}  # noqa: S104
    for listener in found.listeners:
        address, _, port = listener.rpartition(":")
        if address.partition("%")[0] in own and port.isdecimal() and int(port) not in ports.NODE_PORTS:
            numbers.add(int(port))
    return numbers


def far_machines(cluster: Cluster, hosts: Sequence[HostMeasured], prober: str) -> list[str]:
    """Machines without tailscale behind the declared LAN routes of other sites, as found in their router's neighbour table."""
    known = {str(host.lan_address) for host in cluster.hosts}
    found: list[str] = []
    for router in hosts:
        declared = cluster.host(router.name)
        if declared.site.site == cluster.host(prober).site.site or not declared.lan_routes:
            continue
        machines = [at for at in router.neighbours if at not in known and at not in router.next_hops.values()]
        inside = [at for at in machines if is_within(at, declared.lan_routes)]
        found += inside[:FAR_LIMIT]
    return found


def _prober(cluster: Cluster, hosts: Sequence[HostMeasured], target: Host) -> str:
    others = (found.name for found in hosts if found.reached and cluster.host(found.name).site.site != target.site.site)
    return next(others, "")
