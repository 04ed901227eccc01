"""The install plan of a host: the decision of cluster.versions on the facts of that host."""

from __future__ import annotations

from pyinfra import host
from pyinfra.api.exceptions import DeployError

from cluster.install_plan import InstallPlan, KubeletSettings, install_plan, kubelet_settings
from cluster.observed import survey
from cluster.preflight import hosts
from cluster.problems import Problem, format_problems
from engine import remote
from engine.inventory import current_cluster
from facts.machine import Cgroup, Container, Survey


def host_install_plan() -> InstallPlan:
    """The install plan of the current host. Raises DeployError if the host is not supported, with the same problems as preflight."""
    found = install_plan_of(host.name)
    if found is None:
        raise DeployError(f"{host.name} could not be surveyed; nothing was changed on it. See its error above")
    if isinstance(found, list):
        raise DeployError(format_problems(found, "the hosts; nothing was changed"))
    return found


def install_plan_of(name: str) -> InstallPlan | list[Problem] | None:
    """The install plan of a host by its name, or the problems for which it is refused; None if it could not be surveyed."""
    found = survey_of(name)
    return install_plan(current_cluster().host(name), found, current_cluster().containerd_version) if found else None


def survey_of(name: str) -> survey.Survey | None:
    """The survey of a host by its name; None if it could not be surveyed."""
    names = hosts.names_to_resolve(current_cluster(), current_cluster().host(name))
    found: survey.Survey | None = remote.fact(name, Survey, names=list(names))
    return found


def kubelet_settings_of(name: str) -> KubeletSettings:
    """The settings of kubeadm, kubelet and containerd on a node by its name, from its current facts."""
    return kubelet_settings(
        remote.fact(name, Cgroup), remote.fact(name, Container) or "", current_cluster().host(name).exceptions
    )
