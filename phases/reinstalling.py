"""The pod network taken away from all nodes and made anew."""

from __future__ import annotations

from cluster.tasks import is_set
from operations import cleaning, cni, manifests, pods
from operations.barrier import every_host_is_ready
from phases import cleaning as leftovers
from phases import phase, pod_network
from phases.called import given
from phases.declared import cluster, here
from phases.scheduling import is_speaker, reached


@phase("Pod network")
def reinstall() -> None:
    """End flannel, take away what it and the plugins keep, install it again, and start every pod on it again."""
    whole, this = cluster(), here()
    nodes = [node.name for node in whole.nodes if node.name in reached()]
    changes = []
    if is_speaker():
        pods.all_have_owners(name="See that every pod is started again", nodes=nodes, force=is_set(given(), "force"))
        changes.append(manifests.deleted(name="End flannel", namespace="kube-flannel", daemon_set="kube-flannel-ds"))
    every_host_is_ready(name="flannel is told to end")
    if this.is_node:
        cni.flannel_ended(name="Wait until flannel has ended")
        # Without its configuration kubelet starts no pod, which would make the bridge again.
        cleaning.gone(name="Take flannel's files away", paths=leftovers.OF_POD_NETWORK)
        cleaning.pod_network(name="Take the pods' bridge away", pod_cidr=whole.pod_cidr)
    every_host_is_ready(name="no pod network is left")
    applied = pod_network.lay(changes)
    if is_speaker():
        manifests.available(name="Wait until flannel runs", wanted=[pod_network.FLANNEL], after=applied)
        ended = pods.renewed(name="Start the pods on it again", nodes=nodes, after=changes)
        manifests.available(
            name="Wait until the cluster's own pods run again", wanted=pod_network.WORKLOADS, after=[ended]
        )
