"""A node taken out of service."""

from __future__ import annotations

from cluster.model import Cluster, Host
from cluster.tasks import is_set
from engine.command_line import given
from engine.inventory import is_api_host
from engine.phase import phase
from operations import nodes

DRAIN_S = 120


@phase("Drain")
def drain(cluster: Cluster, host: Host) -> None:
    """Move the pods of `--data host=` elsewhere."""
    told = given()
    if is_api_host():
        nodes.drain(
            name=f"Drain {told['host']}",
            node=told["host"],
            timeout_s=int(told.get("timeout") or DRAIN_S),
            force=is_set(told, "force"),
        )
