"""The operator's kubeconfig."""

from __future__ import annotations

from cluster.model import Cluster, Host
from engine.phase import OPERATORS_OWN, phase
from operations import kubeconfig


@phase(OPERATORS_OWN)
def write_kubeconfig(cluster: Cluster, host: Host) -> None:
    """Write build/kubeconfig on the operator's machine."""
    if host == cluster.control_planes[0]:
        kubeconfig.write(name="Write build/kubeconfig", cluster=cluster)
