"""The declared cluster: hosts in sites, checked field by field and frozen.

Built once from the inventory and its group data by `cluster.inventory.declare.declare`; everything else is derived from it. The keys
that an operator may write are the fields of `HostSettings`, `SiteSettings` and `ClusterSettings` (docs/inventory.md lists them).
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from cluster import defaults
from cluster.addresses import Address, Network, disjoint
from cluster.types import (
    DnsLabel,
    DnsName,
    Email,
    FilePath,
    LabelKey,
    LabelValue,
    Port,
    Reachable,
    Url,
    UserName,
    Version,
)

Role = Literal["gateway", "coordinator", "control_plane", "worker"]
Exception_ = Literal["container", "cgroup-v1", "old-release", "small-memory"]


class Declared(BaseModel):
    """Frozen, unknown keys refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)

    def to_json(self) -> dict[str, object]:
        """Plain values, for pyinfra's --json and debug-inventory."""
        return self.model_dump(mode="json")


class Mirrors(Declared):
    """Where a site fetches from instead of the official names; absent = official.

    `tailscale = "push"`: this site reaches no source of it, so the operator's machine fetches it and sends it over SSH.
    """

    kubernetes: Url | None = None
    docker: Url | None = None
    tailscale: Url | Literal["push"] | None = None
    files: Url | None = None
    registries: dict[DnsName, tuple[Url, ...]] = {}


class Certificate(Declared):
    """TLS certificate of the coordination server: two files on the operator's machine (PEM)."""

    certificate: FilePath
    key: FilePath


class Rehearsal(Declared):
    """What the lab makes of this host; real machines never see it."""

    release: Literal["bullseye", "bookworm", "trixie"] | None = None
    oddities: tuple[Literal["systemd-resolved", "swap", "foreign-chains", "old-containerd"], ...] = ()


class Taint(Declared):
    """A Kubernetes taint."""

    key: LabelKey
    value: LabelValue = ""
    effect: Literal["NoSchedule", "PreferNoSchedule", "NoExecute"] = "NoSchedule"


class HostSettings(Declared):
    """What is true of one host."""

    roles: tuple[Role, ...] = ("worker",)
    lan_address: Address
    public_address: Address | None = None
    memory_mb: Annotated[int, Field(ge=256)] | None = None
    lan_routes: tuple[Network, ...] = ()
    labels: dict[LabelKey, LabelValue] = {}
    taints: tuple[Taint, ...] | None = None
    runtime_source: Literal["docker", "distribution"] = "docker"
    exceptions: tuple[Exception_, ...] = ()
    rehearsal: Rehearsal = Rehearsal()
    ssh_hostname: Reachable
    ssh_port: Port = 22
    ssh_user: UserName = "root"


class SiteSettings(Declared):
    """What is true of a network of hosts; the same for each host of the site."""

    site: DnsLabel
    lan: Network
    nat: Literal["one_to_one", "masquerade", "none"]
    fabric: Literal["routed", "switched"] = "switched"
    image: Literal["plain", "oracle"] = "plain"
    delay_ms: Annotated[float, Field(ge=0, le=2000)] = 0.0
    loss_percent: Annotated[float, Field(ge=0, lt=100)] = 0.0
    mirrors: Mirrors = Mirrors()
    blocked: tuple[DnsName, ...] = ()


class ClusterSettings(Declared):
    """What is true of the whole cluster; the same for every host."""

    cluster_name: DnsLabel = "isthmus"
    coordination_name: DnsName
    coordination_port: Port = 443
    certificate: Literal["acme"] | Certificate = "acme"
    acme_email: Email | None = None
    tailnet_cidr: Network = IPv4Network("100.64.10.0/24")
    tailnet_mtu: Annotated[int, Field(ge=576, le=8920)] = defaults.TAILNET_MTU
    pod_cidr: Network = IPv4Network("10.244.0.0/16")
    service_cidr: Network = IPv4Network("10.96.0.0/12")
    pod_network: Literal["routed", "vxlan"] = "routed"
    dns_domain: DnsName = "cluster.local"
    api_name: DnsName | None = None
    api_port: Port = 6443
    api_access: tuple[Network, ...] = ()
    api_sans: tuple[DnsName, ...] = ()
    kubernetes_version: Version = defaults.KUBERNETES
    headscale_version: Version = defaults.HEADSCALE
    tailscale_version: Version = defaults.TAILSCALE
    containerd_version: Version = defaults.CONTAINERD
    flannel_version: Version = defaults.FLANNEL
    cni_plugins_version: Version = defaults.CNI_PLUGINS


class Site(SiteSettings):
    """A network of hosts."""


class Host(HostSettings):
    """One machine, and the site that it stands in."""

    name: DnsLabel
    site: Site

    @property
    def is_gateway(self) -> bool:
        """It ends TLS for the coordination server."""
        return "gateway" in self.roles

    @property
    def is_coordinator(self) -> bool:
        """It runs headscale."""
        return "coordinator" in self.roles

    @property
    def is_control_plane(self) -> bool:
        """It runs the Kubernetes API."""
        return "control_plane" in self.roles

    @property
    def internet_address(self) -> IPv4Address | None:
        """Where other sites reach it without the tailnet; None behind a masquerading router."""
        if self.site.nat == "none":
            return self.public_address or self.lan_address
        return self.public_address if self.site.nat == "one_to_one" else None

    @property
    def is_node(self) -> bool:
        """It is a Kubernetes node."""
        return self.is_control_plane or "worker" in self.roles


class Cluster(ClusterSettings):
    """Everything that is declared. Hosts keep the inventory's order."""

    hosts: tuple[Host, ...]
    warnings: tuple[str, ...] = ()

    def host(self, name: str) -> Host:
        """The host of that name; KeyError if there is none."""
        for host in self.hosts:
            if host.name == name:
                return host
        raise KeyError(name)

    @property
    def sites(self) -> tuple[Site, ...]:
        """Each site once, in the order of its first host."""
        return tuple({host.site.site: host.site for host in self.hosts}.values())

    def hosts_of(self, site: Site) -> tuple[Host, ...]:
        """The hosts that stand in `site`."""
        return tuple(host for host in self.hosts if host.site.site == site.site)

    @property
    def gateway(self) -> Host:
        """The host that ends TLS in front of headscale."""
        return next(host for host in self.hosts if host.is_gateway)

    @property
    def coordinator(self) -> Host:
        """The host that runs headscale."""
        return next(host for host in self.hosts if host.is_coordinator)

    @property
    def control_planes(self) -> tuple[Host, ...]:
        """The hosts that run the Kubernetes API; the first one starts the cluster."""
        return tuple(host for host in self.hosts if host.is_control_plane)

    @property
    def nodes(self) -> tuple[Host, ...]:
        """Control planes and workers."""
        return tuple(host for host in self.hosts if host.is_node)

    @property
    def ambiguous_sites(self) -> tuple[Site, ...]:
        """Sites whose LAN overlaps another's: an address there does not say which host is meant."""
        return tuple(
            site
            for site in self.sites
            if any(not disjoint(site.lan, other.lan) for other in self.sites if other != site)
        )

    @property
    def advertised_lan_addresses(self) -> dict[str, IPv4Address]:
        """Host name → its LAN address, where every host reaches it by that; those of ambiguous sites are left out."""
        ambiguous = self.ambiguous_sites
        return {host.name: host.lan_address for host in self.hosts if host.site not in ambiguous}

    def routes_of(self, host: Host) -> tuple[IPv4Network, ...]:
        """What `host` advertises to the tailnet whatever its pods: its own LAN address, and its declared LAN routes."""
        address = self.advertised_lan_addresses.get(host.name)
        own = (IPv4Network(address),) if address else ()
        return own + tuple(route for route in host.lan_routes if address or disjoint(route, host.site.lan))

    @property
    def server_url(self) -> str:
        """Where tailscale clients log in."""
        port = "" if self.coordination_port == 443 else f":{self.coordination_port}"
        return f"https://{self.coordination_name}{port}"

    @property
    def api_endpoint_name(self) -> str:
        """The name that every kubeconfig points at (kubeadm's controlPlaneEndpoint)."""
        return self.api_name or f"api.{self.cluster_name}.internal"
