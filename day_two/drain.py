"""The drain of a node."""

from __future__ import annotations

from cluster.model import Cluster, Host
from cluster.tasks import is_set
from engine.command_line import given
from engine.inventory import is_api_host
from engine.phase import phase
from operations import nodes

TIMEOUT_S = 120


@phase("Drain")
def drain(cluster: Cluster, host: Host) -> None:
    """Drain the node of `--data host=`."""
    arguments = given()
    if is_api_host():
        nodes.drain(
            name=f"Drain {arguments['host']}",
            node=arguments["host"],
            timeout_s=int(arguments.get("timeout") or TIMEOUT_S),
            force=is_set(arguments, "force"),
        )
