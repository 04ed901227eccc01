"""Faults of a node: what its kubelet says of it, and pods whose images it can't run."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from lab import mirror
from lab.faults.context import Scene, on_host
from lab.faults.tailnet import control_plane
from lab.polling import until

KUBECTL = "kubectl --kubeconfig /etc/kubernetes/admin.conf"
FLAGS = "/var/lib/kubelet/kubeadm-flags.env"
SETTLED_SECONDS = 90
MISSING_IMAGE = "registry.k8s.io/pause:no-such-tag"
NEWER = "/var/lib/lab-kubelet-newer"
# The same program with another number in it: it is copied over the old one's path by a mount, so that no package is changed.
RUN_NEWER = f"""LC_ALL=C sed 's/v{{old}}/v{{new}}/g' /usr/bin/kubelet >{NEWER}
chmod 755 {NEWER}
mount --bind {NEWER} /usr/bin/kubelet
systemctl restart kubelet
"""
RUN_OWN = f"""if awk '{{print $5}}' /proc/self/mountinfo | grep -qx /usr/bin/kubelet; then
    umount -l /usr/bin/kubelet
    systemctl restart kubelet
fi
rm -f {NEWER}
"""


def move(scene: Scene) -> None:
    """As on a host whose kubelet was given another address by hand."""
    scene.remember(on_host(scene, f"cat {FLAGS}"))
    on_host(
        scene,
        f"sed -i 's/--node-ip=[0-9.]*/--node-ip={scene.host.host.lan_address}/' {FLAGS}; systemctl restart kubelet",
    )
    settle(scene, lambda node: str(scene.host.host.lan_address) in addresses(node))


def move_back(scene: Scene) -> None:
    """Its tailnet address."""
    if before := scene.recall():
        on_host(scene, f"cat >{FLAGS} <<'END'\n{before}END\nsystemctl restart kubelet")
        settle(scene, lambda node: str(scene.host.host.lan_address) not in addresses(node))


def run_newer(scene: Scene) -> None:
    """An upgrade that began with a worker."""
    old = scene.world.cluster.kubernetes_version
    last = int(old[-1])
    if last == 9:
        raise scene.refused(f"is not possible with Kubernetes {old}", "a version of the same length would not be newer")
    new = f"{old[:-1]}{last + 1}"
    on_host(scene, RUN_NEWER.format(old=old.replace(".", "[.]"), new=new))
    settle(scene, lambda node: version(node) == new)


def run_own(scene: Scene) -> None:
    """The package's own again."""
    on_host(scene, RUN_OWN)
    settle(scene, lambda node: version(node) == scene.world.cluster.kubernetes_version)


def want_missing_image(scene: Scene) -> None:
    """A misspelt tag."""
    want(scene, MISSING_IMAGE)


def want_foreign_image(scene: Scene) -> None:
    """An image without this machine's architecture."""
    want(scene, mirror.foreign_image(mirror.default_cache() / "tree"))


def want(scene: Scene, image: str) -> None:
    """A pod there that wants the image, until kubelet has said that it can't get it."""
    overrides = json.dumps({"spec": {"nodeName": scene.host.name, "tolerations": [{"operator": "Exists"}]}})
    run = f"{KUBECTL} run {pod(scene)} --image={image} --restart=Never --overrides='{overrides}'"
    on_host(scene, run, control_plane(scene))
    reason = f"{KUBECTL} get pod {pod(scene)} -o jsonpath='{{.status.containerStatuses[0].state.waiting.reason}}'"
    if not until(lambda: "Pull" in on_host(scene, reason, control_plane(scene)), SETTLED_SECONDS, interval=1):
        raise scene.refused("is not caused", f"kubelet has not tried to get {image} in {SETTLED_SECONDS} s")


def remove_pod(scene: Scene) -> None:
    """It and its container are gone."""
    on_host(scene, f"{KUBECTL} delete pod {pod(scene)} --ignore-not-found --grace-period=1", control_plane(scene))


def pod(scene: Scene) -> str:
    """Its name."""
    return f"lab-{scene.name}-{scene.host.number}"


def settle(scene: Scene, holds: Callable[[dict[str, Any]], bool]) -> None:
    """Wait until the API says so of the host's node, and that it is ready: a kubelet that just started is not at first."""

    def asked() -> bool:
        said = on_host(scene, f"{KUBECTL} get node {scene.host.name} -o json || true", control_plane(scene))
        return bool(said) and is_ready(json.loads(said)) and holds(json.loads(said))

    if not until(asked, SETTLED_SECONDS, interval=1):
        raise scene.refused("has no effect", f"the API has not heard of it in {SETTLED_SECONDS} s")


def is_ready(node: dict[str, Any]) -> bool:
    """It takes pods."""
    return any(found["type"] == "Ready" and found["status"] == "True" for found in node["status"].get("conditions", ()))


def addresses(node: dict[str, Any]) -> list[str]:
    """The addresses by which Kubernetes knows it."""
    return [entry["address"] for entry in node["status"].get("addresses", ())]


def version(node: dict[str, Any]) -> str:
    """Its kubelet's."""
    return str(node["status"]["nodeInfo"]["kubeletVersion"]).removeprefix("v")
