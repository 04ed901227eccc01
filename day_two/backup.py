"""A backup of everything that the inventory does not contain: etcd, the CAs, headscale's database and the tailnet keys."""

from __future__ import annotations

from cluster import backups
from cluster.model import Cluster, Host
from engine.barrier import every_host_is_ready
from engine.command_line import given
from engine.connect import unreachable
from engine.inventory import active_hosts, is_api_host
from engine.phase import phase
from facts import backup as scripts
from local import backup_archive
from operations import backup


@phase("Backup")
def back_up(cluster: Cluster, host: Host) -> None:
    """Read each host's part of the backup, then write all parts together."""
    files = {backups.machine(host.name): scripts.MACHINE}
    if is_api_host():
        files |= {backups.ETCD: scripts.etcd(), backups.PKI: scripts.PKI}
    if host.is_coordinator:
        files |= {backups.HEADSCALE: scripts.headscale()}
    backup.fetch(
        name="Back up what the host holds", files=files, recipients=backup_archive.recipients(given()["recipient"])
    )
    every_host_is_ready(name="every host is backed up")
    reached = active_hosts()
    if host.name == next(member.name for member in cluster.hosts if member.name in reached):
        backup.store(name="Write the backup", cluster=cluster, away=dict(unreachable))
