"""The operator gets the key to the cluster."""

from __future__ import annotations

from cluster.access import Person, binding
from operations import access, kubeconfig, manifests
from phases import phase
from phases.called import given
from phases.declared import cluster, here
from phases.scheduling import is_speaker

TITLE = "Kubeconfig"


@phase(TITLE)
def hand_over() -> None:
    """Write build/kubeconfig on the operator's machine."""
    whole = cluster()
    if here() == whole.control_planes[0]:
        kubeconfig.handed_over(name="Hand the kubeconfig over", cluster=whole)


@phase("Let in")
def let_in() -> None:
    """Write a kubeconfig for `--data user=`, as `--data role=`, for `--data hours=`."""
    told = given()
    person = Person(told["user"], told.get("role") or "view", int(told.get("hours") or 24))
    if is_speaker():
        manifests.applied(name=f"Let certificates say {person.role}", manifest=binding(person.role))
        access.let_in(name=f"Write build/kubeconfig-{person.user}", cluster=cluster(), person=person)
