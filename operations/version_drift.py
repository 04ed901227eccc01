"""Programs on the hosts whose version differs from the declared one."""

from __future__ import annotations

from cluster import upgrades
from cluster.documents.flannel import DAEMON_SET as FLANNEL
from cluster.install_plan import InstallPlan
from cluster.observed.packages import Installed
from cluster.upgrades import Step
from engine import remote
from engine.inventory import current_cluster
from facts.kubernetes import Workloads
from facts.versions import Installed as Question
from operations.install_plan import install_plan_of


def installed(name: str) -> Installed | None:
    """The installed versions on a host by its name; None if they could not be read."""
    found: Installed | None = remote.fact(name, Question, names=list(upgrades.PACKAGES))
    return found


def steps_of(name: str) -> list[Step] | None:
    """The upgrade steps between the installed and the declared versions of a host by its name; None if they could not be read."""
    cluster = current_cluster()
    found, plan = installed(name), install_plan_of(name)
    if found is None:
        return None
    is_pinned = isinstance(plan, InstallPlan) and plan.containerd_pinned
    flannel = _flannel(name) if name == cluster.control_planes[0].name else ""
    return upgrades.steps(cluster, cluster.host(name), found, is_pinned, flannel)


def _flannel(name: str) -> str:
    """The version of flannel in the cluster, read on that control plane; empty if there is none, or the API does not answer."""
    workloads = remote.fact(name, Workloads) or []
    images = [
        image
        for item in workloads
        if (item.namespace, f"{item.kind.lower()}/{item.name}") == FLANNEL
        for image in item.images
    ]
    return next((image.rpartition(":")[2].removeprefix("v") for image in images), "")
