"""Faults of a node: its registered address, its kubelet's version, and pods whose images it can't run."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from lab import mirror
from lab.faults.context import Context, on_host
from lab.faults.tailnet import first_control_plane

KUBECTL = "kubectl --kubeconfig /etc/kubernetes/admin.conf"
FLAGS = "/var/lib/kubelet/kubeadm-flags.env"
SETTLED_SECONDS = 90
MISSING_IMAGE = "registry.k8s.io/pause:no-such-tag"
NEWER = "/var/lib/lab-kubelet-newer"
# A copy of kubelet with another version string, bind-mounted over the packaged one, so that no package is changed.
RUN_NEWER = f"""LC_ALL=C sed 's/v{{old}}/v{{new}}/g' /usr/bin/kubelet >{NEWER}
chmod 755 {NEWER}
mount --bind {NEWER} /usr/bin/kubelet
systemctl restart kubelet
"""
RUN_PACKAGED = f"""if awk '{{print $5}}' /proc/self/mountinfo | grep -qx /usr/bin/kubelet; then
    umount -l /usr/bin/kubelet
    systemctl restart kubelet
fi
rm -f {NEWER}
"""
# kubelet stops a static pod without a manifest. The file keeps its time and mode in another folder.
MANIFEST = "/etc/kubernetes/manifests/kube-apiserver.yaml"
KEPT_MANIFEST = "/etc/kubernetes/lab-kube-apiserver.yaml"
READY = f"{KUBECTL} --request-timeout 5s get --raw /readyz 2>/dev/null || true"


def stop_api_server(context: Context) -> None:
    """Move the API server's manifest away; wait until the API server has stopped."""
    there = first_control_plane(context)
    on_host(context, f"mv {MANIFEST} {KEPT_MANIFEST}", there)
    if not context.settles(
        lambda: not on_host(context, "pgrep -x kube-apiserver || true", there), SETTLED_SECONDS, there
    ):
        raise context.error("has no effect", "the API server still runs")


def start_api_server(context: Context) -> None:
    """Move the manifest back; wait until the API server is ready."""
    there = first_control_plane(context)
    on_host(context, f"if test -e {KEPT_MANIFEST}; then mv {KEPT_MANIFEST} {MANIFEST}; fi", there)
    if not context.settles(lambda: on_host(context, READY, there).strip() == "ok", SETTLED_SECONDS, there):
        raise context.error("is not healed", "the API server is not ready")


def register_lan_address(context: Context) -> None:
    """Set kubelet's --node-ip to the LAN address."""
    context.save(on_host(context, f"cat {FLAGS}"))
    on_host(
        context,
        f"sed -i 's/--node-ip=[0-9.]*/--node-ip={context.host.host.lan_address}/' {FLAGS}; systemctl restart kubelet",
    )
    wait_for_node(context, lambda node: str(context.host.host.lan_address) in node_addresses(node))


def restore_node_address(context: Context) -> None:
    """Set kubelet's --node-ip back to the tailnet address."""
    if before := context.saved():
        on_host(context, f"cat >{FLAGS} <<'END'\n{before}END\nsystemctl restart kubelet")
        wait_for_node(context, lambda node: str(context.host.host.lan_address) not in node_addresses(node))


def run_newer_kubelet(context: Context) -> None:
    """Run a kubelet that reports the next patch version, as after an upgrade that began with a worker."""
    old = context.world.cluster.kubernetes_version
    last = int(old[-1])
    if last == 9:
        raise context.error(f"is not possible with Kubernetes {old}", "a version of the same length would not be newer")
    new = f"{old[:-1]}{last + 1}"
    on_host(context, RUN_NEWER.format(old=old.replace(".", "[.]"), new=new))
    wait_for_node(context, lambda node: kubelet_version(node) == new)


def run_packaged_kubelet(context: Context) -> None:
    """Run the packaged kubelet again."""
    on_host(context, RUN_PACKAGED)
    wait_for_node(context, lambda node: kubelet_version(node) == context.world.cluster.kubernetes_version)


def run_pod_of_missing_image(context: Context) -> None:
    """Run a pod with a misspelt image tag."""
    run_pod(context, MISSING_IMAGE)


def run_pod_of_foreign_image(context: Context) -> None:
    """Run a pod whose image lacks this machine's architecture."""
    run_pod(context, mirror.foreign_image(mirror.default_cache() / "tree"))


def run_pod(context: Context, image: str) -> None:
    """Run a pod of this image on the node; wait until kubelet reports that it can't pull it."""
    overrides = json.dumps({"spec": {"nodeName": context.host.name, "tolerations": [{"operator": "Exists"}]}})
    run = f"{KUBECTL} run {pod_name(context)} --image={image} --restart=Never --overrides='{overrides}'"
    on_host(context, run, first_control_plane(context))
    reason = (
        f"{KUBECTL} get pod {pod_name(context)} -o jsonpath='{{.status.containerStatuses[0].state.waiting.reason}}'"
    )
    if not context.settles(lambda: "Pull" in on_host(context, reason, first_control_plane(context)), SETTLED_SECONDS):
        raise context.error("is not caused", f"kubelet has not tried to pull {image}")


def remove_pod(context: Context) -> None:
    """Delete the pod."""
    on_host(
        context,
        f"{KUBECTL} delete pod {pod_name(context)} --ignore-not-found --grace-period=1",
        first_control_plane(context),
    )


def pod_name(context: Context) -> str:
    """The name of this fault's pod."""
    return f"lab-{context.name}-{context.host.number}"


def wait_for_node(context: Context, holds: Callable[[dict[str, Any]], bool]) -> None:
    """Wait until the node object fulfils the condition and is Ready: a kubelet that has just started is not."""

    def settled() -> bool:
        node = on_host(context, f"{KUBECTL} get node {context.host.name} -o json || true", first_control_plane(context))
        return bool(node) and is_ready(json.loads(node)) and holds(json.loads(node))

    if not context.settles(settled, SETTLED_SECONDS):
        raise context.error("has no effect", "the node object has not changed in time")


def is_ready(node: dict[str, Any]) -> bool:
    """Whether its condition Ready is True."""
    return any(found["type"] == "Ready" and found["status"] == "True" for found in node["status"].get("conditions", ()))


def node_addresses(node: dict[str, Any]) -> list[str]:
    """The addresses in its status."""
    return [entry["address"] for entry in node["status"].get("addresses", ())]


def kubelet_version(node: dict[str, Any]) -> str:
    """The version of its kubelet, without a leading v."""
    return str(node["status"]["nodeInfo"]["kubeletVersion"]).removeprefix("v")
