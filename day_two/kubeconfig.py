"""A person is let in: a kubeconfig of their own."""

from __future__ import annotations

from cluster.documents.user_certificate import Person, binding
from cluster.model import Cluster, Host
from engine.command_line import given
from engine.inventory import is_api_host
from engine.phase import phase
from operations import manifests, user_kubeconfig


@phase("Kubeconfig of a person")
def write_kubeconfig(cluster: Cluster, host: Host) -> None:
    """Write a kubeconfig for `--data user=`, as `--data role=`, for `--data hours=`."""
    told = given()
    person = Person(told["user"], told.get("role") or "view", int(told.get("hours") or 24))
    if is_api_host():
        manifests.apply(name=f"Bind the role {person.role}", manifest=binding(person.role))
        user_kubeconfig.write(name=f"Write build/kubeconfig-{person.user}", cluster=cluster, person=person)
