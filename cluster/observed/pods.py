"""Pods of a node as the API shows them: which of them a drain moves, and which nobody would start again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

MIRROR = "kubernetes.io/config.mirror"


@dataclass(frozen=True)
class Pod:
    """A pod that a drain would evict; `controller` is the kind of object that starts it again elsewhere, empty for none."""

    namespace: str
    name: str
    controller: str
    leaving: bool

    @property
    def title(self) -> str:
        """As kubectl names it."""
        return f"{self.namespace}/{self.name}"

    def to_json(self) -> dict[str, object]:
        """Plain values, for pyinfra's --json."""
        return asdict(self)


@dataclass(frozen=True)
class Networked:
    """A pod that has an address of the pod network; `controller` as in Pod."""

    uid: str
    namespace: str
    name: str
    node: str
    controller: str

    @property
    def title(self) -> str:
        """As kubectl names it."""
        return f"{self.namespace}/{self.name}"

    def to_json(self) -> dict[str, object]:
        """Plain values, for pyinfra's --json."""
        return asdict(self)


def networked(item: Mapping[str, Any]) -> Networked | None:
    """One item of `kubectl get pods -o json`; None for one that has no address yet or any more, or its node's own."""
    metadata, spec, status = item["metadata"], item["spec"], item.get("status", {})
    controller = _controller(metadata)
    has_ended = status.get("phase") in ("Succeeded", "Failed")
    if spec.get("hostNetwork") or not status.get("podIP") or has_ended or controller == "Node":
        return None
    return Networked(metadata["uid"], metadata["namespace"], metadata["name"], spec["nodeName"], controller)


def evictable(item: Mapping[str, Any]) -> Pod | None:
    """One item of `kubectl get pods -o json`; None where a drain leaves it: pods of the node itself, and those that have ended."""
    metadata = item["metadata"]
    controller = _controller(metadata)
    has_ended = item.get("status", {}).get("phase") in ("Succeeded", "Failed")
    if controller in ("DaemonSet", "Node") or MIRROR in metadata.get("annotations", {}) or has_ended:
        return None
    return Pod(metadata["namespace"], metadata["name"], controller, "deletionTimestamp" in metadata)


def _controller(metadata: Mapping[str, Any]) -> str:
    return next((owner["kind"] for owner in metadata.get("ownerReferences", ()) if owner.get("controller")), "")
