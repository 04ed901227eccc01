"""Labels, taints and memory of nodes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from cluster.model import Cluster, Host
from cluster.problems import Problem
from cluster.support import CONTROL_PLANE_MEMORY_MB, SMALL_MEMORY

# Set by kubeadm, by kubelet, or by us from roles and site.
OURS = ("kubernetes.io", "beta.kubernetes.io", "node-role.kubernetes.io", "topology.kubernetes.io")


def problems(cluster: Cluster) -> Iterator[Problem]:
    """Labels and taints on nodes only, none that are set by others, and memory for a control plane."""
    for host in cluster.hosts:
        yield from _only_on_nodes(host)
        yield from _labels(host)
        yield from _taints(host)
        yield from _memory(host)


def warnings(cluster: Cluster) -> Iterator[str]:
    """No node takes a pod that tolerates no taint."""
    if cluster.nodes and not any(_takes_any_pod(host) for host in cluster.nodes):
        kept = [host.name for host in cluster.control_planes if host.taints is None]
        way = f"; taints = () on {' or '.join(kept)} would admit them there" if kept else ""
        yield (
            "every node has a taint that keeps ordinary pods away: they stay Pending until there is a worker without one"
            f"{way}"
        )


def _takes_any_pod(host: Host) -> bool:
    """Without `taints`, kubeadm taints a control plane, and no worker."""
    if host.taints is None:
        return not host.is_control_plane
    return all(taint.effect == "PreferNoSchedule" for taint in host.taints)


def _only_on_nodes(host: Host) -> Iterator[Problem]:
    for key in ("labels", "taints"):
        if getattr(host, key) and not host.is_node and host.roles is not None:
            yield Problem(
                f"{host.name}.{key}",
                f"it has {key}, and is no node",
                f"{key} are Kubernetes', which does not run there",
                "remove them, or give the host the role worker",
            )


def _labels(host: Host) -> Iterator[Problem]:
    for label in host.labels:
        prefix, slash, _ = label.rpartition("/")
        if slash and prefix in OURS:
            yield Problem(
                f"{host.name}.labels",
                f"{label} is set by Kubernetes, or here from roles and site",
                "two writers would undo each other on every run",
                "use a domain of your own, such as example.org/disk",
            )


def _taints(host: Host) -> Iterator[Problem]:
    counted = Counter((taint.key, taint.effect) for taint in host.taints or ())
    for (key, effect), count in counted.items():
        if count > 1:
            yield Problem(
                f"{host.name}.taints",
                f"{key} with {effect} is there {count} times",
                "Kubernetes keeps one value for each key and effect",
                "keep one of them",
            )


def _memory(host: Host) -> Iterator[Problem]:
    memory = host.memory_mb
    if host.is_control_plane and memory and memory < CONTROL_PLANE_MEMORY_MB and SMALL_MEMORY not in host.exceptions:
        yield Problem(
            f"{host.name}.memory_mb",
            f"{memory} MB, and it is a control plane, which needs {CONTROL_PLANE_MEMORY_MB}",
            "etcd and the API server are killed when memory runs out, and the cluster with them",
            f'use a larger machine, or accept the risk with exceptions = ("{SMALL_MEMORY}",)',
        )
