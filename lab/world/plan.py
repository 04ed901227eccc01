"""The simulated world as data, derived from the declared cluster and this machine's architecture alone. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network
from typing import NoReturn

from cluster.model import Cluster, Host, Site
from lab.failures import LabError
from lab.mirror.request import machine_architecture
from lab.world.addresses import (
    DNS,
    NAMES,
    OPERATOR,
    ROUTERS,
    first_address,
    free_network,
    gateway_address,
    named_hosts,
    parse_address,
    ssh_endpoints,
)

RELEASES = ("bookworm", "bullseye", "trixie")


@dataclass(frozen=True)
class HostPlan:
    """One host: its namespace, its port on the site's router, and its addresses on the internet.

    `public`: its own public address; None if it has none. `ssh_endpoint`: the public address and port of its SSH server.
    `sshd_port`: the port that sshd listens on; a router may forward another one to it.
    `architecture`: its processor's, by Debian's name.
    """

    host: Host
    number: int
    namespace: str
    container: str
    port: str
    mac: str
    release: str
    architecture: str
    public: IPv4Address | None
    ssh_endpoint: tuple[IPv4Address, int]
    sshd_port: int

    @property
    def name(self) -> str:
        """The declared name."""
        return self.host.name

    @property
    def is_machine(self) -> bool:
        """Whether it is a virtual machine; else it is a container."""
        return self.host.rehearsal.machine == "vm"

    @property
    def oddities(self) -> tuple[str, ...]:
        """What it has that a fresh Debian has not."""
        return self.host.rehearsal.oddities

    @property
    def runs_resolved(self) -> bool:
        """Whether it runs systemd-resolved."""
        return "systemd-resolved" in self.oddities


@dataclass(frozen=True)
class SitePlan:
    """One site: a router between its hosts and the wire to the internet. `blocked`: addresses that its router drops."""

    site: Site
    router: str
    wire: str
    core_port: str
    transit: IPv4Address
    gateway: IPv4Address
    hosts: tuple[HostPlan, ...]
    blocked: tuple[IPv4Address, ...]

    @property
    def name(self) -> str:
        """The declared name."""
        return self.site.site

    @property
    def is_gateway_outside(self) -> bool:
        """Whether the router has no address of the LAN: a host then needs a route to it by its interface."""
        return self.gateway not in self.site.lan

    @property
    def public_addresses(self) -> tuple[IPv4Address, ...]:
        """The public addresses that the core routes to this site."""
        return tuple(dict.fromkeys(host.public or host.ssh_endpoint[0] for host in self.hosts))


@dataclass(frozen=True)
class WorldPlan:
    """Everything that a lab consists of. `names`: the mirror's names and addresses; `records`: all names that DNS has."""

    run: str
    cluster: Cluster
    core: str
    operator_namespace: str
    network: IPv4Network
    operator: IPv4Address
    names: dict[str, IPv4Address]
    records: dict[str, IPv4Address]
    sites: tuple[SitePlan, ...]

    @property
    def core_address(self) -> IPv4Address:
        """Every router's next hop."""
        return self.network[1]

    @property
    def dns(self) -> IPv4Address:
        """The only name server of this world."""
        return self.network[DNS]

    @property
    def operator_wire(self) -> str:
        """The namespace of the wire between the operator and the internet."""
        return f"{self.operator_namespace}-wire"

    @property
    def hosts(self) -> tuple[HostPlan, ...]:
        """All hosts in the inventory's order."""
        return tuple(sorted((host for site in self.sites for host in site.hosts), key=lambda host: host.number))

    @property
    def architectures(self) -> tuple[str, ...]:
        """The architectures of its hosts and of this machine, from which the operator works."""
        return tuple(sorted({machine_architecture(), *(host.architecture for host in self.hosts)}))

    @property
    def machines(self) -> tuple[str, ...]:
        """The architectures of its virtual machines."""
        return tuple(sorted({host.architecture for host in self.hosts if host.is_machine}))

    @property
    def namespaces(self) -> tuple[str, ...]:
        """All network namespaces of the world."""
        routers = [name for site in self.sites for name in (site.router, site.wire)]
        own = (self.core, self.operator_namespace, self.operator_wire)
        return (*own, *routers, *(host.namespace for host in self.hosts))

    def host(self, name: str) -> HostPlan:
        """The host of that name; LabError if there is none."""
        return next((host for host in self.hosts if host.name == name), None) or _unknown("host", name, self.hosts)

    def site(self, name: str) -> SitePlan:
        """The site of that name; LabError if there is none."""
        return next((site for site in self.sites if site.name == name), None) or _unknown("site", name, self.sites)


def plan(run: str, cluster: Cluster, served: Iterable[str]) -> WorldPlan:
    """The world of a cluster; `served`: the names that the mirror serves."""
    network = free_network(cluster)
    names = {name: network[NAMES + number] for number, name in enumerate(served, 1)}
    ways = ssh_endpoints(cluster, network)
    hosts = {host.name: _host(run, number, host, ways) for number, host in enumerate(cluster.hosts, 1)}
    sites = tuple(_site(run, number, site, cluster, network, hosts, names) for number, site in enumerate(cluster.sites))
    records = {name: ways[host.name][0] for name, host in named_hosts(cluster)}
    records |= {**names, cluster.coordination_name: ways[cluster.gateway.name][0]}
    operator = first_address(cluster.api_access) or network[OPERATOR]
    prefix = f"isthmus-{run}"
    return WorldPlan(run, cluster, f"{prefix}-core", f"{prefix}-operator", network, operator, names, records, sites)


def as_machines(cluster: Cluster) -> Cluster:
    """The same cluster, with a virtual machine for every host."""
    changed = {
        host.name: host.model_copy(update={"rehearsal": host.rehearsal.model_copy(update={"machine": "vm"})})
        for host in cluster.hosts
    }
    return cluster.model_copy(update={"hosts": tuple(changed.values())})


def _host(run: str, number: int, host: Host, ways: dict[str, tuple[IPv4Address, int]]) -> HostPlan:
    digits = hashlib.sha256(f"{run} {host.name}".encode()).hexdigest()
    mac = ":".join(("02", *(digits[i : i + 2] for i in range(0, 10, 2))))
    return HostPlan(
        host=host,
        number=number,
        namespace=f"isthmus-{run}-host-{host.name}",
        container=f"isthmus-{run}-{host.name}",
        port=interface("h", number),
        mac=mac,
        release=host.rehearsal.release or default_release(number, host),
        architecture=host.rehearsal.architecture or machine_architecture(),
        public=host.internet_address,
        ssh_endpoint=ways[host.name],
        sshd_port=host.ssh_port if host.internet_address else 22,
    )


def _site(
    run: str,
    number: int,
    site: Site,
    cluster: Cluster,
    network: IPv4Network,
    hosts: dict[str, HostPlan],
    names: dict[str, IPv4Address],
) -> SitePlan:
    own = tuple(hosts[host.name] for host in cluster.hosts_of(site))
    transit = network[ROUTERS + number]
    return SitePlan(
        site=site,
        router=f"isthmus-{run}-router-{site.site}",
        wire=f"isthmus-{run}-wire-{site.site}",
        core_port=interface("s", number),
        transit=transit,
        gateway=gateway_address(site.lan, [host.host.lan_address for host in own], transit),
        hosts=own,
        blocked=tuple(address for name, address in names.items() if site.blocks(name)),
    )


def interface(kind: str, number: int) -> str:
    """The name of an interface; Linux allows 15 characters."""
    return f"{kind}{number}"


def default_release(number: int, host: Host) -> str:
    """The release of a host that declares none: each in turn, but never the oldest for the coordinator."""
    release = RELEASES[(number - 1) % len(RELEASES)]
    return "bookworm" if host.is_coordinator and release == "bullseye" else release


def redirected_hosts(world: WorldPlan) -> Iterator[tuple[HostPlan, IPv4Address]]:
    """Hosts whose SSH address is inside their LAN, with that address: the operator's calls are redirected."""
    for host in world.hosts:
        called = parse_address(host.host.ssh_hostname)
        if called and (called, host.host.ssh_port) != host.ssh_endpoint:
            yield host, called


def _unknown(kind: str, name: str, known: Iterable[HostPlan | SitePlan]) -> NoReturn:
    names = ", ".join(thing.name for thing in known)
    raise LabError(f"{kind} {name}", "is not in this lab", f"its {kind}s are {names}", f"name one of these {kind}s")
