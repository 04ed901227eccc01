"""A support bundle: logs, states and settings of all hosts in one archive."""

from __future__ import annotations

from cluster.model import Cluster, Host
from engine.barrier import every_host_is_ready
from engine.connect import unreachable
from engine.inventory import active_hosts
from engine.phase import phase
from operations import support_bundle


@phase("Collect")
def collect(cluster: Cluster, host: Host) -> None:
    """Read logs, states and settings of all reachable hosts, and write them to one archive."""
    support_bundle.fetch(name="Collect logs, states and settings")
    every_host_is_ready(name="every host is collected")
    reached = active_hosts()
    if host.name == next(member.name for member in cluster.hosts if member.name in reached):
        support_bundle.store(name="Write the archive", cluster=cluster.cluster_name, away=dict(unreachable))
