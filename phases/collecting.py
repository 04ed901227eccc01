"""Everything that helps to find a fault, of all hosts at once."""

from __future__ import annotations

from pyinfra import state

from operations import evidence
from operations.barrier import every_host_is_ready
from phases import phase
from phases.connecting import unreachable
from phases.declared import cluster, here


@phase("Collect")
def collect() -> None:
    """Ask every host that can be reached, and pack what they say."""
    evidence.asked(name="Ask for logs, states and settings")
    every_host_is_ready(name="every host has told")
    reached = {member.name for member in state.inventory.get_active_hosts()}
    if here().name == next(member.name for member in cluster().hosts if member.name in reached):
        evidence.archived(name="Write the archive", cluster=cluster().cluster_name, away=dict(unreachable))
