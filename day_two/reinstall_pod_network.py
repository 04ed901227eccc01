"""The removal of the pod network from all nodes, and the restart of its pods after the deploy has installed it again."""

from __future__ import annotations

from collections.abc import Sequence

from pyinfra.api.operation import OperationMeta

from cluster.documents import flannel
from cluster.model import Cluster, Host
from cluster.tasks import is_set
from engine.barrier import every_host_is_ready
from engine.command_line import given
from engine.inventory import active_hosts, current_cluster, is_api_host
from engine.phase import phase
from operations import cni, manifests, pods, uninstall


@phase("Remove the pod network")
def remove_pod_network(cluster: Cluster, host: Host) -> list[OperationMeta]:
    """Stop flannel, and remove its files, its links and its routes. Returns the operations that delete flannel's DaemonSet."""
    changes = []
    if is_api_host():
        pods.check_controllers(
            name="Check that every pod has a controller", nodes=_nodes(), force=is_set(given(), "force")
        )
        changes.append(
            manifests.delete(
                name="Delete flannel's DaemonSet", namespace=flannel.DAEMON_SET[0], daemon_set="kube-flannel-ds"
            )
        )
    every_host_is_ready(name="flannel's DaemonSet is deleted")
    if host.is_node:
        cni.wait_for_flannel_to_stop(name="Wait until flannel has stopped")
        # Before the bridge: a pod that starts would make the bridge again, and without this configuration no pod starts.
        uninstall.absent(name="Remove flannel's files", paths=flannel.FILES)
        uninstall.pod_network(name="Delete the pods' bridge", pod_cidr=cluster.pod_cidr)
    return changes


@phase("Pods")
def restart_pods(cluster: Cluster, host: Host, after: Sequence[OperationMeta]) -> None:
    """Restart every pod that lost its address. `after`: operations that delete flannel (for the preview)."""
    if is_api_host():
        manifests.wait_for_workloads(name="Wait until flannel runs", wanted=[flannel.DAEMON_SET], after=after)
        pods.restart(name="Restart the pods of the pod network", nodes=_nodes(), after=after)


def _nodes() -> list[str]:
    return [node.name for node in current_cluster().nodes if node.name in active_hosts()]
