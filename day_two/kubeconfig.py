"""A kubeconfig for a person."""

from __future__ import annotations

from cluster.documents.user_certificate import Person, binding
from cluster.model import Cluster, Host
from engine.command_line import given
from engine.inventory import is_api_host
from engine.phase import phase
from operations import manifests, user_kubeconfig


@phase("Kubeconfig of a person")
def write_kubeconfig(cluster: Cluster, host: Host) -> None:
    """Write a kubeconfig for `--data user=` with the role of `--data role=`, valid for `--data hours=`."""
    arguments = given()
    person = Person(arguments["user"], arguments.get("role") or "view", int(arguments.get("hours") or 24))
    if is_api_host():
        manifests.apply(name=f"Bind the role {person.role}", manifest=binding(person.role))
        user_kubeconfig.write(name=f"Write build/kubeconfig-{person.user}", cluster=cluster, person=person)
