"""What one run of verify measured. `to_json` is what build/verify.json holds: tables, checks and pictures all follow from it.

None stands for what could not be measured, everywhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from cluster.observed import headscale
from cluster.observed.disks import Disk
from cluster.observed.machine import Load, Usage
from cluster.observed.network import ForwardingState
from cluster.observed.nodes import Node
from cluster.observed.pods import WaitingPod
from cluster.observed.probe import PodsMeasured
from cluster.observed.tailscale import ClientPrefs, ClientStatus, Path

# How the error of a host begins that was too slow.
LATE = "no answer within"


@dataclass(frozen=True)
class Evidence:
    """A command that was run, and what it printed: the evidence of a finding."""

    command: str
    output: tuple[str, ...] = ()
    code: int = 0


@dataclass(frozen=True)
class HostMeasured:
    """One host. Mappings over other hosts are by name; `evidence` is what it printed, by the name of the question.

    `coordination`: why headscale does not answer it, empty if it does; `udp`: whether UDP reaches the internet.
    `answer_s`: seconds until its first short answer, `long_answer`: whether one of several packets arrived as well.
    """

    name: str
    site: str
    roles: tuple[str, ...]
    reached: bool = True
    error: str = ""
    clock_offset_s: float | None = None
    answer_s: float | None = None
    load: Load | None = None
    long_answer: bool | None = None
    tailnet: ClientStatus | None = None
    prefs: ClientPrefs | None = None
    node: str | None = None
    pod_cidr: str = ""
    units: Mapping[str, str] = field(default_factory=dict)
    addresses: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    routing: ForwardingState | None = None
    accepted_routes: tuple[str, ...] | None = None
    next_hops: Mapping[str, str] = field(default_factory=dict)
    refused: tuple[str, ...] = ()
    refused_by_nftables: tuple[str, ...] = ()
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
    usage: Usage | None = None
    coordination: str | None = None
    udp: bool | None = None
    paths: Mapping[str, Path] = field(default_factory=dict)
    lan_answers: Mapping[str, bool] = field(default_factory=dict)
    lan_devices: Mapping[str, str] = field(default_factory=dict)
    small_answers: Mapping[str, bool] = field(default_factory=dict)
    large_answers: Mapping[str, bool] = field(default_factory=dict)
    pod_devices: Mapping[str, str] = field(default_factory=dict)
    pod_gateway_answers: Mapping[str, bool] = field(default_factory=dict)
    open_ports: Mapping[str, Mapping[str, bool]] = field(default_factory=dict)
    far_answers: Mapping[str, bool] = field(default_factory=dict)
    neighbours: tuple[str, ...] = ()
    evidence: Mapping[str, Evidence] = field(default_factory=dict)

    @property
    def tailnet_address(self) -> str | None:
        """Its address in the tailnet, as its client has it."""
        return next(iter(self.tailnet.addresses), None) if self.tailnet else None

    def path_kind(self, name: str) -> str | None:
        """How it reaches the host `name` over the tailnet: direct, relayed or none; None if that was not measured."""
        return self.paths[name].kind if name in self.paths else None


@dataclass(frozen=True)
class Coordination:
    """headscale on its own host: its answer to a question for its health; `nodes` None if it does not list them."""

    health: str = ""
    nodes: tuple[headscale.Node, ...] | None = None
    api_key_expiry: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Api:
    """What the Kubernetes API lists; None if it does not answer. `asked` is the host that was asked."""

    asked: str
    nodes: tuple[Node, ...] | None = None
    waiting: tuple[WaitingPod, ...] | None = None


@dataclass(frozen=True)
class Measurement:
    """All that was measured; `drift_note`: why drift was not."""

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
