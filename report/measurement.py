"""What one run of verify measured. `to_json` is what build/verify.json holds: tables, checks and pictures all follow from it.

None stands for what could not be measured, everywhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from cluster.observed.programs import Disk


@dataclass(frozen=True)
class Evidence:
    """A command that was run, and what it printed: the evidence of a finding."""

    command: str
    output: tuple[str, ...] = ()
    code: int = 0

    @property
    def text(self) -> str:
        """All lines as one."""
        return " ".join(line.strip() for line in self.output if line.strip())


@dataclass(frozen=True)
class Tailnet:
    """A host's tailscale client; `state` is its own word, `absent`, or `unreachable` where tailscaled does not answer."""

    state: str
    version: str = ""
    health: tuple[str, ...] = ()
    accept_routes: bool | None = None
    snat_subnet_routes: bool | None = None
    advertised: tuple[str, ...] = ()
    login_server: str = ""


@dataclass(frozen=True)
class HostMeasured:
    """One host. Mappings over other hosts are by name; `said` holds what it printed, by the measurement's name."""

    name: str
    site: str
    roles: tuple[str, ...]
    reached: bool = True
    error: str = ""
    clock_offset_s: float | None = None
    tailnet_address: str | None = None
    tailnet: Tailnet | None = None
    node: str | None = None
    pod_cidr: str = ""
    units: Mapping[str, str] = field(default_factory=dict)
    addresses: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    forwarding: bool | None = None
    kept_local: tuple[str, ...] | None = None
    accepted_routes: tuple[str, ...] | None = None
    next_hops: Mapping[str, str] = field(default_factory=dict)
    refused: tuple[str, ...] = ()
    disks: Mapping[str, Disk] = field(default_factory=dict)
    names: Mapping[str, bool] = field(default_factory=dict)
    resolvers: tuple[str, ...] | None = None
    sources: Mapping[str, str] = field(default_factory=dict)
    listeners: tuple[str, ...] = ()
    key_expiry: Mapping[str, int] = field(default_factory=dict)
    certificate_expiry: Mapping[str, int] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    service_rules: int | None = None
    cgroup: str = ""
    container: str = ""
    coordination: str | None = None
    udp: bool | None = None
    paths: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    lan_answers: Mapping[str, bool] = field(default_factory=dict)
    lan_devices: Mapping[str, str] = field(default_factory=dict)
    small_answers: Mapping[str, bool] = field(default_factory=dict)
    large_answers: Mapping[str, bool] = field(default_factory=dict)
    pod_devices: Mapping[str, str] = field(default_factory=dict)
    pod_gateway_answers: Mapping[str, bool] = field(default_factory=dict)
    open_ports: Mapping[str, Mapping[str, bool]] = field(default_factory=dict)
    far_answers: Mapping[str, bool] = field(default_factory=dict)
    neighbours: tuple[str, ...] = ()
    said: Mapping[str, Evidence] = field(default_factory=dict)


@dataclass(frozen=True)
class MeshNode:
    """A machine as headscale knows it; `expiry` in seconds since 1970, None where its key does not expire."""

    name: str
    online: bool
    available: tuple[str, ...] = ()
    approved: tuple[str, ...] = ()
    served: tuple[str, ...] = ()
    expiry: int | None = None


@dataclass(frozen=True)
class Coordination:
    """headscale on its own host; `nodes` None where it does not answer."""

    health: str
    nodes: tuple[MeshNode, ...] | None = None
    api_key_expiry: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class NodeMeasured:
    """A Node of the Kubernetes API."""

    name: str
    ready: bool
    reason: str
    version: str
    addresses: tuple[str, ...]
    pod_cidr: str
    architecture: str
    disk_pressure: bool = False


@dataclass(frozen=True)
class WaitingPod:
    """A pod with a container that does not run, and what Kubernetes says of it."""

    namespace: str
    name: str
    node: str
    image: str
    reason: str
    message: str


@dataclass(frozen=True)
class Api:
    """What the Kubernetes API says; lists are None where it does not answer. `asked` is the host that was asked."""

    asked: str
    nodes: tuple[NodeMeasured, ...] | None = None
    waiting: tuple[WaitingPod, ...] | None = None
    unavailable: tuple[str, ...] = ()
    pods_by_node: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class PodsMeasured:
    """What the probe's pods reach: node → node → answered (small, large), node → DNS answers, node → a ClusterIP answers.

    `gateways`: node → node → a pod on the one reaches cni0 of the other (its own node's, too).
    """

    paths: Mapping[str, Mapping[str, bool]] = field(default_factory=dict)
    large: Mapping[str, Mapping[str, bool]] = field(default_factory=dict)
    dns: Mapping[str, bool] = field(default_factory=dict)
    service: Mapping[str, bool] = field(default_factory=dict)
    upstream: Mapping[str, bool] = field(default_factory=dict)
    own: Mapping[str, bool] = field(default_factory=dict)
    gateways: Mapping[str, Mapping[str, bool]] = field(default_factory=dict)
    waiting: tuple[WaitingPod, ...] = ()
    note: str = ""


@dataclass(frozen=True)
class Measurement:
    """All that was measured; `drift_note` says why drift was not."""

    cluster: str
    kubernetes: str
    headscale: str
    measured_at: str
    seconds: float
    hosts: tuple[HostMeasured, ...]
    coordination: Coordination | None = None
    api: Api | None = None
    pods: PodsMeasured | None = None
    drift: tuple[str, ...] | None = None
    drift_note: str = ""

    def host(self, name: str) -> HostMeasured:
        """The host of that name; KeyError if it was not asked."""
        for found in self.hosts:
            if found.name == name:
                return found
        raise KeyError(name)

    def to_json(self) -> dict[str, Any]:
        """Plain values, with the same keys in every run."""
        return asdict(self)
