"""A node taken out of service, and put back."""

from __future__ import annotations

from pyinfra import state

from cluster.tasks import is_set
from operations import nodes
from phases import phase
from phases.called import given
from phases.declared import cluster, here

DRAIN_S = 120


def is_speaker() -> bool:
    """Whether the host whose turn it is speaks to the API in this run: the first control plane that was reached."""
    return here().name == speaker()


def speaker() -> str:
    """The name of that host; empty where no control plane was reached."""
    return next((member.name for member in cluster().control_planes if member.name in reached()), "")


def reached() -> set[str]:
    """Names of the hosts that take part in this run."""
    return {member.name for member in state.inventory.get_active_hosts()}


@phase("Drain")
def drain() -> None:
    """Move the pods of `--data host=` elsewhere."""
    told = given()
    if is_speaker():
        nodes.drained(
            name=f"Drain {told['host']}",
            node=told["host"],
            timeout_s=int(told.get("timeout") or DRAIN_S),
            force=is_set(told, "force"),
        )


@phase("Uncordon")
def uncordon() -> None:
    """Have the node of `--data host=` take pods again."""
    if is_speaker():
        nodes.schedulable(name=f"Let {given()['host']} take pods", node=given()["host"])
