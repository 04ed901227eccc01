"""The operator gets the key to the cluster."""

from __future__ import annotations

from engine.inventory import cluster, here
from engine.phase import OPERATORS_OWN, phase
from operations import kubeconfig


@phase(OPERATORS_OWN)
def write_kubeconfig() -> None:
    """Write build/kubeconfig on the operator's machine."""
    whole = cluster()
    if here() == whole.control_planes[0]:
        kubeconfig.write(name="Write build/kubeconfig", cluster=whole)
