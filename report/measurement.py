"""What one run of verify measured, and the problems that follow from it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from cluster.model import Cluster
from cluster.paths import allowed_kinds
from cluster.problems import Problem


@dataclass(frozen=True)
class HostMeasured:
    """One host: its tailnet address, its node's state (None = no node), its paths and what answers from it, by host name."""

    name: str
    site: str
    roles: tuple[str, ...]
    tailnet_address: str | None
    node: str | None
    paths: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    lan_answers: Mapping[str, bool] = field(default_factory=dict)


@dataclass(frozen=True)
class PodsMeasured:
    """What pods reach: node → node → answered, node → DNS answers, node → a ClusterIP answers; `note` where it went wrong."""

    paths: Mapping[str, Mapping[str, bool]] = field(default_factory=dict)
    dns: Mapping[str, bool] = field(default_factory=dict)
    service: Mapping[str, bool] = field(default_factory=dict)
    note: str = ""


@dataclass(frozen=True)
class Measurement:
    """All that was measured; stable keys, for --json readers."""

    cluster: str
    kubernetes: str
    headscale: str
    seconds: float
    hosts: tuple[HostMeasured, ...]
    pods: PodsMeasured

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)


def problems(cluster: Cluster, measured: Measurement) -> list[Problem]:
    """What is not as the model expects it."""
    checks = (_hosts, _paths, _lan, _pods)
    return [problem for check in checks for problem in check(cluster, measured)]


def _hosts(cluster: Cluster, measured: Measurement) -> Iterator[Problem]:
    for found in measured.hosts:
        if found.tailnet_address is None:
            yield Problem(
                f"{found.name} tailnet-down",
                "it has no tailnet address",
                "tailscaled is stopped, or not logged in",
                "run the deploy again",
            )
        if cluster.host(found.name).is_node and found.node != "Ready":
            yield Problem(
                f"{found.name} node-not-ready",
                f"its node is {found.node or 'absent'}",
                "kubelet does not report, or the pod network does not run there",
                f"read journalctl -u kubelet on {found.name}",
            )


def _paths(cluster: Cluster, measured: Measurement) -> Iterator[Problem]:
    for found in measured.hosts:
        for other, path in found.paths.items():
            allowed = allowed_kinds(cluster, cluster.host(found.name), cluster.host(other))
            if path["kind"] not in allowed:
                check = "path-blocked" if path["kind"] == "none" else "path-relayed"
                yield Problem(
                    f"{found.name} → {other} {check}",
                    f"the path is {path['kind']}, expected {' or '.join(sorted(allowed))}",
                    "UDP is blocked on the way, or a NAT does not behave as the site declares it",
                    f"open UDP 41641 to {found.name} and {other}",
                )


def _lan(cluster: Cluster, measured: Measurement) -> Iterator[Problem]:
    for found in measured.hosts:
        for other, answered in found.lan_answers.items():
            if not answered:
                yield Problem(
                    f"{found.name} → {other} route-not-accepted",
                    f"{cluster.host(other).lan_address} does not answer",
                    "its route is not approved, not accepted, or captured on the way",
                    "run the deploy again",
                )


def _pods(cluster: Cluster, measured: Measurement) -> Iterator[Problem]:
    pods = measured.pods
    if pods.note:
        yield Problem(
            "pods pod-path", pods.note, "the probe could not run on every node", "read the state of the nodes above"
        )
    for node in (host.name for host in cluster.nodes):
        for other in (host.name for host in cluster.nodes if host.name != node):
            if not pods.paths.get(node, {}).get(other):
                yield Problem(
                    f"{node} → {other} pod-path",
                    "a pod does not reach the other's",
                    "the pod network's route is missing or blocked",
                    f"read ip route get and tailscale status on {node}",
                )
        for what, answers in (("dns-pod", pods.dns), ("service-ip", pods.service)):
            if not answers.get(node):
                yield Problem(
                    f"{node} {what}",
                    "a pod gets no answer",
                    "kube-proxy or CoreDNS does not run, or is out of reach",
                    "read kubectl -n kube-system get pods -o wide",
                )
