"""Nodes as the API lists them, and the kubectl calls that make them as declared."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from cluster.model import Host, Taint

ROLE = "node-role.kubernetes.io/"
# On a node that the upgrade took out of service, and will put back.
UPGRADE_MARK = "isthmus/in-upgrade"
# The keys of the labels that were declared last: distinguishes a label that left the inventory from one that others have set.
DECLARED_LABELS = "isthmus/labels"
# Kubernetes sets these by itself, as a node's state changes.
STATE_TAINTS = ("node.kubernetes.io/", "node.cloudprovider.kubernetes.io/")


@dataclass(frozen=True)
class Node:
    """A Node object. Taints are `KEY=VALUE:EFFECT`, without `=VALUE` if there is none; `reason`: why it is not ready.

    `declared_labels` are the keys of those labels that the inventory had when they were last set.
    """

    name: str
    ready: bool
    reason: str = ""
    version: str = ""
    addresses: tuple[str, ...] = ()
    pod_cidr: str = ""
    architecture: str = ""
    runtime: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    taints: tuple[str, ...] = ()
    schedulable: bool = True
    in_upgrade: bool = False
    declared_labels: tuple[str, ...] = ()
    disk_pressure: bool = False

    def to_json(self) -> dict[str, object]:
        """Plain values, for pyinfra's --json."""
        return asdict(self)


@dataclass(frozen=True)
class Workload:
    """A Deployment or DaemonSet: how many pods of its newest form are wanted and available, and the images of its containers."""

    kind: str
    namespace: str
    name: str
    wanted: int
    available: int
    images: tuple[str, ...] = ()

    @property
    def is_available(self) -> bool:
        """Every pod of it."""
        return self.available >= self.wanted

    def to_json(self) -> dict[str, object]:
        """Plain values, for pyinfra's --json."""
        return {**asdict(self), "is_available": self.is_available}


@dataclass(frozen=True)
class Settings:
    """What the inventory declares for a node. `taints` None = as they are."""

    name: str
    labels: Mapping[str, str]
    taints: tuple[str, ...] | None


def settings(host: Host) -> Settings:
    """Its site as region and zone, its role, and what is declared for it."""
    role = {} if host.is_control_plane else {f"{ROLE}worker": ""}
    topology = {f"topology.kubernetes.io/{scope}": host.site.site for scope in ("region", "zone")}
    taints = None if host.taints is None else tuple(sorted(taint_text(taint) for taint in host.taints))
    return Settings(host.name, {**topology, **role, **host.labels}, taints)


def taint_text(taint: Taint) -> str:
    """As kubectl writes it."""
    return _taint(taint.model_dump())


def corrections(wanted: Settings, found: Node) -> list[list[str]]:
    """Arguments for kubectl, one list for each call; none if the node is as declared. Labels of others stay."""
    calls = []
    patch = _labels(wanted, found)
    if patch:
        calls.append(["patch", "node", wanted.name, "--type", "merge", "-p", json.dumps(patch)])
    if wanted.taints is not None:
        replaced = {_without_value(taint) for taint in wanted.taints}
        removed = [
            f"{taint}-"
            for taint in found.taints
            if _without_value(taint) not in replaced and not taint.startswith(STATE_TAINTS)
        ]
        added = [taint for taint in wanted.taints if taint not in found.taints]
        if removed or added:
            calls.append(["taint", "node", wanted.name, "--overwrite", *removed, *added])
    return calls


def _labels(wanted: Settings, found: Node) -> dict[str, Any] | None:
    """The change of labels as a merge patch, in which null removes; None if all are as declared."""
    labels: dict[str, str | None] = {
        key: value for key, value in wanted.labels.items() if found.labels.get(key) != value
    }
    labels |= dict.fromkeys(key for key in found.declared_labels if key not in wanted.labels and key in found.labels)
    keys = sorted(wanted.labels)
    if not labels and keys == sorted(found.declared_labels):
        return None
    return {"metadata": {"labels": labels, "annotations": {DECLARED_LABELS: ",".join(keys)}}}


def parse_nodes(lines: Sequence[str]) -> list[Node] | None:
    """`kubectl get nodes -o json`; None for `null`, which stands for an API that does not answer."""
    found = json.loads("\n".join(lines))
    return None if found is None else [parse_node(item) for item in found["items"]]


def parse_workloads(lines: Sequence[str]) -> list[Workload] | None:
    """`kubectl get deployments,daemonsets -o json`; None for `null`, which stands for an API that does not answer."""
    found = json.loads("\n".join(lines))
    return None if found is None else [parse_workload(item) for item in found["items"]]


def parse_node(item: Mapping[str, Any]) -> Node:
    """One item of `kubectl get nodes -o json`."""
    metadata, spec, status = item["metadata"], item.get("spec", {}), item.get("status", {})
    annotations: Mapping[str, str] = metadata.get("annotations", {})
    info = status.get("nodeInfo", {})
    conditions: Mapping[str, Mapping[str, Any]] = {found["type"]: found for found in status.get("conditions", ())}
    is_ready = conditions.get("Ready", {}).get("status") == "True"
    return Node(
        name=metadata["name"],
        ready=is_ready,
        reason="" if is_ready else conditions.get("Ready", {}).get("message", "kubelet has not reported yet"),
        version=info.get("kubeletVersion", "").removeprefix("v"),
        addresses=tuple(entry["address"] for entry in status.get("addresses", ()) if entry["type"] == "InternalIP"),
        pod_cidr=spec.get("podCIDR", ""),
        architecture=info.get("architecture", ""),
        runtime=info.get("containerRuntimeVersion", ""),
        labels=dict(metadata.get("labels", {})),
        taints=tuple(sorted(_taint(taint) for taint in spec.get("taints", ()))),
        schedulable=not spec.get("unschedulable", False),
        in_upgrade=UPGRADE_MARK in annotations,
        declared_labels=tuple(filter(None, annotations.get(DECLARED_LABELS, "").split(","))),
        disk_pressure=conditions.get("DiskPressure", {}).get("status") == "True",
    )


def parse_workload(item: Mapping[str, Any]) -> Workload:
    """One item of `kubectl get deployments,daemonsets -o json`; pods of an older form count as not available."""
    metadata, status = item["metadata"], item.get("status", {})
    is_daemon = item["kind"] == "DaemonSet"
    wanted = status.get("desiredNumberScheduled", 0) if is_daemon else item["spec"].get("replicas", 1)
    updated = status.get("updatedNumberScheduled" if is_daemon else "updatedReplicas", 0)
    available = status.get("numberAvailable" if is_daemon else "availableReplicas", 0)
    is_observed = status.get("observedGeneration", 0) >= metadata.get("generation", 0)
    return Workload(
        kind=item["kind"],
        namespace=metadata["namespace"],
        name=metadata["name"],
        wanted=max(wanted, 1),
        available=min(updated, available) if is_observed else 0,
        images=tuple(
            container.get("image", "")
            for container in item["spec"].get("template", {}).get("spec", {}).get("containers", ())
        ),
    )


def _taint(taint: Mapping[str, Any]) -> str:
    value = f"={taint['value']}" if taint.get("value") else ""
    return f"{taint['key']}{value}:{taint['effect']}"


def _without_value(taint: str) -> str:
    key, _, effect = taint.rpartition(":")
    return f"{key.partition('=')[0]}:{effect}"
