"""The whole cluster: the keys that are the same for every host, and what follows from all hosts together."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network
from typing import Annotated, Literal

from pydantic import Field

from cluster import versions
from cluster.model.host import Host
from cluster.model.key import Declared, Key, one_of
from cluster.model.site import Site
from cluster.model.types import (
    DEFAULT_TAILNET_MTU,
    DNS_NAME,
    NAME,
    NETWORK,
    PORT,
    VERSION,
    DnsLabel,
    DnsName,
    Email,
    FileName,
    FilePath,
    Network,
    Port,
    Sha256,
    Version,
)

PodNetwork = Literal["routed", "vxlan"]

_DISJOINT = "an address must mean one thing everywhere"
_INSTALLED = "exactly this version is installed"
_OF_FILE = f'{{"headscale_{versions.DEFAULT_HEADSCALE}_linux_amd64.deb": "{"0" * 64}"}}'


class Certificate(Declared):
    """TLS certificate of the coordination server: two files on the operator's machine (PEM)."""

    certificate: Annotated[FilePath, Key("the path of a PEM file", "hosts log in by TLS", '"mesh.crt"')]
    key: Annotated[FilePath, Key("the path of a PEM file", "hosts log in by TLS", '"mesh.key"')]


class ClusterSettings(Declared):
    """What is true of the whole cluster; the same for every host."""

    cluster_name: Annotated[DnsLabel, Key(NAME, "it names the cluster in kubeconfigs", '"atelier"')] = "isthmus"
    coordination_name: Annotated[
        DnsName,
        Key(f"{DNS_NAME} that leads to the gateway", "every host logs in to it", '"mesh.example.org"'),
    ]
    coordination_port: Annotated[Port, Key(PORT, "every host logs in to it", "8443")] = 443
    certificate: Annotated[
        Literal["acme"] | Certificate,
        Key(
            "acme, or the paths of certificate and key",
            "hosts log in by TLS",
            '{"certificate": "mesh.crt", "key": "mesh.key"}',
        ),
    ] = "acme"
    acme_email: Annotated[
        Email | None, Key("an e-mail address", "the certificate authority writes to it", '"operator@example.org"')
    ] = None
    tailnet_cidr: Annotated[
        Network, Key("a network inside 100.64.0.0/10", "every host gets an address of it", '"100.90.0.0/16"')
    ] = IPv4Network("100.64.10.0/24")
    tailnet_mtu: Annotated[
        int,
        Field(strict=True, ge=576, le=8920),
        Key("whole bytes from 576 to 8920", "it is the largest packet that the tailnet carries", "1420"),
    ] = DEFAULT_TAILNET_MTU
    pod_cidr: Annotated[Network, Key(NETWORK, _DISJOINT, '"10.244.0.0/16"')] = IPv4Network("10.244.0.0/16")
    service_cidr: Annotated[Network, Key(NETWORK, _DISJOINT, '"10.40.0.0/16"')] = IPv4Network("10.96.0.0/12")
    pod_network: Annotated[PodNetwork, Key(one_of(PodNetwork), "it decides how pods reach each other", '"vxlan"')] = (
        "routed"
    )
    dns_domain: Annotated[DnsName, Key(DNS_NAME, "services are named under it", '"atelier.local"')] = "cluster.local"
    api_name: Annotated[
        DnsName | None,
        Key(DNS_NAME, "every kubeconfig points at it", '"kube.example.org"', absent="api.CLUSTER_NAME.internal"),
    ] = None
    api_port: Annotated[Port, Key(PORT, "every kubeconfig points at it", "7443")] = 6443
    api_access: Annotated[
        tuple[Network, ...],
        Key("a tuple of networks", "the API answers them at its public address", '("198.51.100.7/32",)'),
    ] = ()
    api_sans: Annotated[
        tuple[DnsName, ...],
        Key("a tuple of DNS names and IPv4 addresses", "the API's certificate names them", '("kube.example.org",)'),
    ] = ()
    kubernetes_version: Annotated[Version, Key(VERSION, _INSTALLED, f'"{versions.DEFAULT_KUBERNETES}"')] = (
        versions.DEFAULT_KUBERNETES
    )
    headscale_version: Annotated[Version, Key(VERSION, _INSTALLED, f'"{versions.DEFAULT_HEADSCALE}"')] = (
        versions.DEFAULT_HEADSCALE
    )
    tailscale_version: Annotated[Version, Key(VERSION, _INSTALLED, f'"{versions.DEFAULT_TAILSCALE}"')] = (
        versions.DEFAULT_TAILSCALE
    )
    containerd_version: Annotated[Version, Key(VERSION, _INSTALLED, f'"{versions.DEFAULT_CONTAINERD}"')] = (
        versions.DEFAULT_CONTAINERD
    )
    flannel_version: Annotated[Version, Key(VERSION, _INSTALLED, f'"{versions.DEFAULT_FLANNEL}"')] = (
        versions.DEFAULT_FLANNEL
    )
    sha256: Annotated[
        dict[FileName, Sha256],
        Key(
            "a mapping of file names to their sha256",
            "a download is used only if its hash is this one",
            _OF_FILE,
            entry=Key("a file name with its sha256 of 64 hexadecimal digits", "a download is proved by it", _OF_FILE),
        ),
    ] = {}  # noqa: RUF012 (pydantic copies it)
    cni_plugins_version: Annotated[Version, Key(VERSION, _INSTALLED, f'"{versions.DEFAULT_CNI_PLUGINS}"')] = (
        versions.DEFAULT_CNI_PLUGINS
    )


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
        """Sites whose LAN overlaps another's: an address there is ambiguous."""
        return tuple(
            site for site in self.sites if any(site.lan.overlaps(other.lan) for other in self.sites if other != site)
        )

    @property
    def advertised_lan_addresses(self) -> dict[str, IPv4Address]:
        """Host name → its LAN address, where every host reaches it by that; without ambiguous sites, and without public addresses.

        A public address must lead there without the tailnet: logins and tunnels go to it.
        """
        ambiguous = self.ambiguous_sites
        return {
            host.name: host.lan_address
            for host in self.hosts
            if host.site not in ambiguous and not host.has_public_card
        }

    def routes_of(self, host: Host) -> tuple[IPv4Network, ...]:
        """The routes that `host` advertises to the tailnet, without those of its pods: its own LAN address, and its declared LAN routes."""
        address = self.advertised_lan_addresses.get(host.name)
        own = (IPv4Network(address),) if address else ()
        return own + tuple(route for route in host.lan_routes if address or not route.overlaps(host.site.lan))

    @property
    def server_url(self) -> str:
        """Where tailscale clients log in."""
        port = "" if self.coordination_port == 443 else f":{self.coordination_port}"
        return f"https://{self.coordination_name}{port}"

    @property
    def api_endpoint_name(self) -> str:
        """The name that every kubeconfig points at (kubeadm's controlPlaneEndpoint)."""
        return self.api_name or f"api.{self.cluster_name}.internal"
