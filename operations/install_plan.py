"""What cluster.versions decides for a host, from what is found on it."""

from __future__ import annotations

from pyinfra import host
from pyinfra.api.exceptions import DeployError

from cluster.observed import survey
from cluster.preflight import hosts
from cluster.problems import Problem, format_problems
from cluster.versions import InstallPlan, KubeletSettings, install_plan, kubelet_settings
from engine import remote
from engine.inventory import current_cluster
from facts.machine import Cgroup, Container, Survey


def host_install_plan() -> InstallPlan:
    """What the host whose turn it is gets; raises DeployError where it can't be a part, as preflight would have said."""
    decided = install_plan_of(host.name)
    if decided is None:
        raise DeployError(f"{host.name} could not be surveyed; nothing was changed on it")
    if isinstance(decided, list):
        raise DeployError(format_problems(decided, "the hosts; nothing was changed"))
    return decided


def install_plan_of(name: str) -> InstallPlan | list[Problem] | None:
    """What the host of that name gets, or why it can't be a part; None where it could not be surveyed."""
    found = survey_of(name)
    return install_plan(current_cluster().host(name), found, current_cluster().containerd_version) if found else None


def survey_of(name: str) -> survey.Survey | None:
    """What kind of machine the host of that name is; None = unknown."""
    names = hosts.names_to_resolve(current_cluster(), current_cluster().host(name))
    found: survey.Survey | None = remote.fact(name, Survey, names=list(names))
    return found


def kubelet_settings_of(name: str) -> KubeletSettings:
    """How kubeadm, kubelet and containerd are set on the node of that name, asked now."""
    return kubelet_settings(
        remote.fact(name, Cgroup), remote.fact(name, Container) or "", current_cluster().host(name).exceptions
    )
