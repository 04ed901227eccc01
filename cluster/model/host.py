"""A host: one machine, the keys that are true of it alone, and what follows from them."""

from __future__ import annotations

from ipaddress import IPv4Address
from typing import Annotated, Literal

from pydantic import Field

from cluster.addresses import is_private
from cluster.model.key import Declared, Key, any_of, one_of
from cluster.model.site import Site
from cluster.model.types import (
    PORT,
    Address,
    ForwardedPort,
    HostName,
    LabelKey,
    LabelValue,
    LocalPath,
    Network,
    Port,
    Reachable,
    UserName,
)

Role = Literal["gateway", "coordinator", "control_plane", "worker"]
Source = Literal["docker", "distribution"]
Exception_ = Literal[
    "container", "cgroup-v1", "old-release", "small-memory", "removed-packages", "closed-udp", "idle", "other-tailnet"
]
Effect = Literal["NoSchedule", "PreferNoSchedule", "NoExecute"]
Release = Literal["bullseye", "bookworm", "trixie"]
Oddity = Literal[
    "systemd-resolved",
    "swap",
    "foreign-chains",
    "old-containerd",
    "no-memory-cgroup",
    "zram-swap",
    "cloud-init",
    "netplan",
    "ufw",
    "no-vxlan",
    "needrestart",
    "unattended-upgrades",
]
Machine = Literal["container", "vm"]
Architecture = Literal["amd64", "arm64"]


class Rehearsal(Declared):
    """What the lab makes of this host; real machines never see it."""

    release: Annotated[Release | None, Key(one_of(Release), "the lab has these systems", '"trixie"')] = None
    machine: Annotated[Machine, Key(one_of(Machine), "the lab builds the host as one of these", '"vm"')] = "container"
    architecture: Annotated[
        Architecture | None,
        Key(one_of(Architecture), "the lab has these systems", '"arm64"', absent="as the lab machine"),
    ] = None
    oddities: Annotated[tuple[Oddity, ...], Key(any_of(Oddity), "the lab knows these", '("swap",)')] = ()


class Taint(Declared):
    """A Kubernetes taint."""

    key: Annotated[LabelKey, Key("a Kubernetes label name", "Kubernetes knows a taint by it", '"example.org/slow"')]
    value: Annotated[LabelValue, Key("a Kubernetes label value", "Kubernetes refuses others", '"yes"')] = ""
    effect: Annotated[Effect, Key(one_of(Effect), "Kubernetes knows no other effect", '"NoSchedule"')] = "NoSchedule"


class HostSettings(Declared):
    """What is true of one host."""

    roles: Annotated[tuple[Role, ...], Key(any_of(Role), "it decides what runs on the host", '("worker",)')] = (
        "worker",
    )
    lan_address: Annotated[
        Address,
        Key("an IPv4 address of the host's own network", "other hosts reach it by this address", '"10.0.0.3"'),
    ]
    public_address: Annotated[
        Address | None,
        Key("an IPv4 address", "it is where other sites find the host, or its site's router", '"203.0.113.4"'),
    ] = None
    forwarded_ports: Annotated[
        tuple[ForwardedPort, ...],
        Key(
            "a tuple of ports, each with its protocol",
            "a masquerade site's router passes them on to the host",
            '("80/tcp", "443/tcp", "3478/udp", "41641/udp")',
        ),
    ] = ()
    memory_mb: Annotated[
        Annotated[int, Field(strict=True, ge=256)] | None,
        Key("whole megabytes, 256 or more", "a control plane needs enough, and the lab gives as much", "1024"),
    ] = None
    lan_routes: Annotated[
        tuple[Network, ...],
        Key("a tuple of networks", "machines there become reachable through the host", '("192.168.60.0/24",)'),
    ] = ()
    labels: Annotated[
        dict[LabelKey, LabelValue],
        Key(
            "a mapping of label names to values",
            "pods choose nodes by them",
            '{"example.org/disk": "fast"}',
            entry=Key(
                "a Kubernetes label name with a value", "Kubernetes refuses others", '{"example.org/disk": "fast"}'
            ),
        ),
    ] = {}  # noqa: RUF012 (pydantic copies it)
    taints: Annotated[
        tuple[Taint, ...] | None,
        Key(
            "a tuple of taints, each with a key and an effect",
            "they keep pods away from the node",
            '({"key": "slow", "effect": "NoSchedule"},)',
        ),
    ] = None
    runtime_source: Annotated[
        Source, Key(one_of(Source), "it decides which containerd is installed", '"distribution"')
    ] = "docker"
    exceptions: Annotated[
        tuple[Exception_, ...],
        Key(
            any_of(Exception_),
            "only what is named here is accepted though it is not supported",
            '("cgroup-v1",)',
        ),
    ] = ()
    rehearsal: Annotated[
        Rehearsal,
        Key(
            "release, machine, architecture and oddities",
            "the lab builds the host so",
            '{"release": "trixie", "oddities": ("swap",)}',
        ),
    ] = Rehearsal()
    ssh_hostname: Annotated[
        Reachable,
        Key(
            "a name or address without port",
            "the operator's machine connects there",
            '"203.0.113.4"',
            absent="the host's name",
        ),
    ]
    ssh_port: Annotated[Port, Key(PORT, "the operator's machine connects there", "2222")] = 22
    ssh_user: Annotated[UserName, Key("a login name", "the operator's machine logs in by it", '"ubuntu"')] = "root"
    ssh_key: Annotated[
        LocalPath,
        Key("the path of a private key", "the operator's machine logs in by it", '"~/.ssh/id_ed25519"'),
    ] = None
    ssh_config_file: Annotated[
        LocalPath,
        Key("the path of an ssh_config file", "it may lead there through a bastion (ProxyJump)", '"~/.ssh/config"'),
    ] = None


class Host(HostSettings):
    """One machine, and the site that it stands in."""

    name: HostName
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

    def address_for(self, port: int, protocol: str) -> IPv4Address | None:
        """Where other sites reach that port of it without the tailnet: also at its router, if that forwards the port. None: nowhere."""
        return self.internet_address or (self.public_address if f"{port}/{protocol}" in self.forwarded_ports else None)

    @property
    def has_public_card(self) -> bool:
        """Its own interface has a public address, as many rented servers' have: no other site needs the tailnet to reach that."""
        return self.site.nat == "none" and not is_private(self.lan_address)

    @property
    def is_node(self) -> bool:
        """It is a Kubernetes node."""
        return self.is_control_plane or "worker" in self.roles
