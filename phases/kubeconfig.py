"""The operator gets the key to the cluster."""

from __future__ import annotations

from operations import kubeconfig
from phases import phase
from phases.declared import cluster, here

TITLE = "Kubeconfig"


@phase(TITLE)
def hand_over() -> None:
    """Write build/kubeconfig on the operator's machine."""
    whole = cluster()
    if here() == whole.control_planes[0]:
        kubeconfig.handed_over(name="Hand the kubeconfig over", cluster=whole)
