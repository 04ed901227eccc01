"""Pods as the API lists them: which a drain moves, which no controller would start again, and which wait."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
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
    leaving: bool = False

    @property
    def title(self) -> str:
        """As kubectl names it."""
        return f"{self.namespace}/{self.name}"

    def to_json(self) -> dict[str, object]:
        """Plain values, for pyinfra's --json."""
        return asdict(self)


@dataclass(frozen=True)
class WaitingPod:
    """A pod with a container that does not run, and why, in Kubernetes' words."""

    namespace: str
    name: str
    node: str
    image: str
    reason: str
    message: str


def parse_evictable(lines: Sequence[str]) -> list[Pod] | None:
    """`kubectl get pods -o json`: the pods that a drain moves; None for `null`, which stands for an API that does not answer."""
    items = _items(lines)
    return None if items is None else [pod for item in items if (pod := evictable(item))]


def parse_networked(lines: Sequence[str]) -> list[Networked] | None:
    """`kubectl get pods -o json`: those with an address of the pod network; None for `null`."""
    items = _items(lines)
    return None if items is None else [pod for item in items if (pod := networked(item))]


def parse_waiting(lines: Sequence[str]) -> tuple[WaitingPod, ...] | None:
    """`kubectl get pods -o json`: those with a container that waits for more than its turn; None for `null`."""
    items = _items(lines)
    return None if items is None else tuple(found for item in items for found in waiting(item))


def parse_starts(lines: Sequence[str]) -> dict[str, int] | None:
    """`kubectl get pods -o json`: container → when it was started, in seconds since 1970, 0 if it does not run; None for `null`."""
    items = _items(lines)
    if items is None:
        return None
    return {
        container["name"]: _seconds(container.get("state", {}).get("running", {}).get("startedAt", ""))
        for item in items
        for container in item.get("status", {}).get("containerStatuses", ())
    }


def networked(item: Mapping[str, Any]) -> Networked | None:
    """One item of `kubectl get pods -o json`; None for one that has no address yet or any more, or its node's own."""
    metadata, spec, status = item["metadata"], item["spec"], item.get("status", {})
    controller = _controller(metadata)
    has_ended = status.get("phase") in ("Succeeded", "Failed")
    if spec.get("hostNetwork") or not status.get("podIP") or has_ended or controller == "Node":
        return None
    return Networked(
        metadata["uid"], metadata["namespace"], metadata["name"], spec["nodeName"], controller, _is_leaving(metadata)
    )


def evictable(item: Mapping[str, Any]) -> Pod | None:
    """One item of `kubectl get pods -o json`; None if a drain leaves it: pods of the node itself, and pods that have ended."""
    metadata = item["metadata"]
    controller = _controller(metadata)
    has_ended = item.get("status", {}).get("phase") in ("Succeeded", "Failed")
    if controller in ("DaemonSet", "Node") or MIRROR in metadata.get("annotations", {}) or has_ended:
        return None
    return Pod(metadata["namespace"], metadata["name"], controller, _is_leaving(metadata))


def unmanaged(pods: Iterable[Pod | Networked]) -> list[str]:
    """Titles of the pods without a controller: if they end, they are lost. One that ends already is lost in any case."""
    return [pod.title for pod in pods if not pod.controller and not pod.leaving]


def _is_leaving(metadata: Mapping[str, Any]) -> bool:
    return "deletionTimestamp" in metadata


def waiting(item: Mapping[str, Any]) -> Iterator[WaitingPod]:
    """The containers of one item of `kubectl get pods -o json` that wait for more than their turn, and why."""
    metadata, status = item["metadata"], item.get("status", {})
    for container in (*status.get("initContainerStatuses", ()), *status.get("containerStatuses", ())):
        state = container.get("state", {}).get("waiting", {})
        reason = state.get("reason", "")
        if reason and reason not in ("ContainerCreating", "PodInitializing"):
            last = container.get("lastState", {}).get("terminated", {}).get("message", "")
            yield WaitingPod(
                metadata["namespace"],
                metadata["name"],
                item["spec"].get("nodeName", ""),
                container["image"],
                reason,
                " ".join(f"{state.get('message', '')} {last}".split())[:400],
            )


def _items(lines: Sequence[str]) -> list[dict[str, Any]] | None:
    found = json.loads("\n".join(lines))
    return None if found is None else list(found["items"])


def _seconds(moment: str) -> int:
    return int(datetime.fromisoformat(moment).timestamp()) if moment else 0


def _controller(metadata: Mapping[str, Any]) -> str:
    return next((owner["kind"] for owner in metadata.get("ownerReferences", ()) if owner.get("controller")), "")
