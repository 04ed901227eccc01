"""Images that a node can't pull, or can't run."""

from __future__ import annotations

from collections.abc import Iterator

from cluster.observed.pods import WaitingPod
from report.checks.groups import NODE
from report.findings import Deviation, View, check, deviation
from report.measurement import Evidence

PULL = ("ErrImagePull", "ImagePullBackOff", "RegistryUnavailable", "InvalidImageName", "ErrImageNeverPull")
PLATFORM = ("no match for platform", "exec format error", "does not match the specified platform")


@check("image-pull", depends_on=(*NODE, "clock-skew", "node-not-ready"), needs=("pods",))
def pull(view: View) -> Iterator[Deviation]:
    """The node can't pull an image."""
    for found in _waiting(view):
        if found.reason in PULL and not _is_foreign(found):
            yield deviation(
                found.node,
                f"it can't pull {found.image} for {found.namespace}/{found.name}",
                found.message or found.reason,
                f"on {found.node}: ctr -n k8s.io images pull --hosts-dir /etc/containerd/certs.d {found.image}",
                _sources(view, found.node),
            )


@check("image-architecture", needs=("pods",))
def architecture(view: View) -> Iterator[Deviation]:
    """An image is not made for the node's architecture."""
    known = {node.name: node.architecture for node in (view.measured.api and view.measured.api.nodes) or ()}
    for found in _waiting(view):
        if _is_foreign(found):
            yield deviation(
                found.node,
                f"{found.image} of {found.namespace}/{found.name} is not made for {known.get(found.node, 'its architecture')}",
                found.message or found.reason,
                f"use an image with {known.get(found.node, 'the architecture')}, or keep the pod away: nodeSelector kubernetes.io/arch",
            )


def _waiting(view: View) -> Iterator[WaitingPod]:
    asked = {host.name for host in view.measured.hosts}
    seen: set[tuple[str, str]] = set()
    for found in (
        *((view.measured.api and view.measured.api.waiting) or ()),
        *(view.measured.pods.waiting if view.measured.pods else ()),
    ):
        if found.node in asked and (found.node, found.image) not in seen:
            seen.add((found.node, found.image))
            yield found


def _is_foreign(found: WaitingPod) -> bool:
    return any(sign in found.message for sign in PLATFORM)


def _sources(view: View, name: str) -> Evidence | None:
    return view.measured.host(name).evidence.get("sources") if view.has(name) else None
