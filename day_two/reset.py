"""The reset of all hosts: first the workers, then the control planes, then the tailnet unless it is kept."""

from __future__ import annotations

from cluster.model import Cluster, Host
from cluster.tasks import is_set
from day_two.uninstall import clean
from engine.barrier import every_host_is_ready
from engine.command_line import given
from engine.phase import phase
from operations import kubeadm_reset


@phase("End the cluster")
def end_cluster(cluster: Cluster, host: Host) -> None:
    """Run `kubeadm reset` on every node, on the control planes last: workers compare their CA with a control plane's."""
    if host.is_node and not host.is_control_plane:
        kubeadm_reset.reset(name="Reset the workers", authority_of=cluster.control_planes[0].name)
    every_host_is_ready(name="the workers are reset")
    if host.is_control_plane:
        kubeadm_reset.reset(name="Reset the control planes", _serial=True)


@phase("Clean up")
def clean_up(cluster: Cluster, host: Host) -> None:
    """Remove everything of this project from all hosts, and nothing else."""
    clean(cluster, host, is_set(given(), "keep_tailnet"))
