"""The end of a drain: the node takes pods again."""

from __future__ import annotations

from cluster.model import Cluster, Host
from engine.command_line import given
from engine.inventory import is_api_host
from engine.phase import phase
from operations import nodes


@phase("Uncordon")
def uncordon(cluster: Cluster, host: Host) -> None:
    """Uncordon the node of `--data host=`."""
    if is_api_host():
        nodes.uncordon(name=f"Let {given()['host']} take pods", node=given()["host"])
