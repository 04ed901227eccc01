"""A backup of all that the inventory does not say, from the hosts that hold it."""

from __future__ import annotations

from pyinfra import state

from cluster import backups
from facts import backup as asked
from operations import backup, vault
from operations.barrier import every_host_is_ready
from phases import phase
from phases.called import given
from phases.connecting import unreachable
from phases.declared import cluster, here
from phases.scheduling import is_speaker


@phase("Backup")
def back_up() -> None:
    """Take what each host holds, then write all of it at once."""
    whole, this = cluster(), here()
    files = {backups.machine(this.name): asked.MACHINE}
    if is_speaker():
        files |= {backups.ETCD: asked.etcd(), backups.PKI: asked.PKI}
    if this.is_coordinator:
        files |= {backups.HEADSCALE: asked.headscale()}
    backup.taken(name="Take what the host holds", files=files, recipients=vault.recipients(given()["recipient"]))
    every_host_is_ready(name="every host has given")
    reached = {member.name for member in state.inventory.get_active_hosts()}
    if this.name == next(member.name for member in whole.hosts if member.name in reached):
        backup.kept(name="Write the backup", cluster=whole, away=dict(unreachable))
