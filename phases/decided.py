"""What cluster.versions decides for a host, from what is found on it."""

from __future__ import annotations

from pyinfra import host
from pyinfra.api.exceptions import DeployError

from cluster import preflight, survey
from cluster.problems import listing
from cluster.versions import Grant, NodeDecision, grant, node_decision
from facts.machine import Cgroup, Container, Survey
from operations import remote
from phases.declared import cluster, here


def granted() -> Grant:
    """What the host whose turn it is gets; raises DeployError where it can't be a part, as preflight would have said."""
    found = surveyed()
    if found is None:
        raise DeployError(f"{host.name} could not be surveyed; nothing was changed on it")
    decided = grant(here(), found, cluster().containerd_version)
    if isinstance(decided, list):
        raise DeployError(listing(decided, "the hosts; nothing was changed"))
    return decided


def surveyed() -> survey.Survey | None:
    """What kind of machine the host whose turn it is is; None = unknown."""
    found: survey.Survey | None = host.get_fact(Survey, names=list(preflight.names_to_resolve(cluster(), here())))
    return found


def decision(name: str) -> NodeDecision:
    """How kubeadm, kubelet and containerd are set on the node of that name, asked now."""
    return node_decision(remote.fact(name, Cgroup), remote.fact(name, Container) or "", cluster().host(name).exceptions)
