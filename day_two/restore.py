"""The restore of a backup: first a check on every host, then the tailnet, and after all hosts have joined it the cluster."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

from cluster import backups
from cluster.backups import Manifest
from cluster.model import Cluster, Host
from cluster.observed import kubeadm_state
from engine.barrier import every_host_is_ready
from engine.command_line import given
from engine.inventory import active_hosts
from engine.phase import phase
from local import backup_archive, headscale_db
from operations import kubeadm_reset, kubeconfig, manifests, nodes, restore
from phases.control_plane import init_document, tailnet_address
from phases.pod_network import WORKLOADS


@cache
def backup_manifest() -> Manifest:
    """The backup's manifest. Raises Unusable, which local/backup_check.py has ruled out before any host was contacted."""
    return backup_archive.manifest(given()["from"])


def content(name: str) -> Callable[[], bytes]:
    """A function that returns one decrypted file of the backup, so that keys and contents are no arguments of an operation."""
    return lambda: backup_archive.open_file(given()["from"], name, backup_archive.identities(given()["identity"]))


def is_restored(part: str) -> bool:
    """Whether this run restores the part: yes, unless `--data only=` names the other part."""
    return given().get("only") in (None, "", part)


@cache
def machine_keys() -> tuple[str, ...] | None:
    """The node keys of the machines in the backup's database of headscale; None if the current database stays."""
    if not is_restored(backups.TAILNET):
        return None
    return headscale_db.machine_keys(headscale_db.unpack(content(backups.HEADSCALE)()))


@phase("Check the backup")
def check_backup(cluster: Cluster, host: Host) -> None:
    """Check the backup against the installed versions on each control plane and the coordinator, and mark the restore as started."""
    if host.is_control_plane or host.is_coordinator:
        restore.check_backup(
            name="Check the backup against the host",
            kubernetes=backup_manifest().kubernetes,
            headscale=backup_manifest().headscale,
            authority=_authority,
        )
        restore.mark_started(name="Mark the restore as started")


@phase("Restore the tailnet")
def restore_tailnet(cluster: Cluster, host: Host) -> None:
    """Restore headscale's database, and the tailnet keys of hosts that have lost theirs, so that all addresses are as before."""
    if host.is_coordinator and is_restored(backups.TAILNET):
        restore.headscale(name="Restore headscale's database and keys", archive=content(backups.HEADSCALE))
    every_host_is_ready(name="headscale is restored")
    key = backups.machine(host.name)
    restore.machine(
        name="Restore the machine's tailnet key",
        address=backup_manifest().addresses.get(host.name, ""),
        archive=content(key) if key in backup_manifest().files else None,
    )


@phase("Restore the cluster")
def restore_cluster(cluster: Cluster, host: Host) -> None:
    """Reset the control planes, and restore the first one from etcd's snapshot; workers connect to it by themselves."""
    if not is_restored(backups.CLUSTER):
        return
    if host.is_control_plane:
        kubeadm_reset.reset(name="Reset the control planes before the restore", _serial=True)
    every_host_is_ready(name="the control planes are reset")
    if host != cluster.control_planes[0]:
        return
    restored = restore.cluster(
        name="Restore etcd and the CAs",
        node=host.name,
        address=lambda: tailnet_address(host.name),
        document=lambda: init_document(cluster, host, UNUSED_TOKEN),
        pki=content(backups.PKI),
        snapshot=content(backups.ETCD),
    )
    others = [other.name for other in cluster.control_planes[1:]]
    for other in others:
        nodes.delete_node(name=f"Delete the Node {other} until it joins again", node=other)
    remaining = active_hosts() - set(others)
    manifests.wait_for_nodes(
        name="Wait until the nodes are ready", wanted=sorted(remaining & {node.name for node in cluster.nodes})
    )
    manifests.wait_for_workloads(name="Wait until the cluster's own pods run", wanted=WORKLOADS, after=[restored])
    kubeconfig.write(name="Write build/kubeconfig", cluster=cluster, after=[restored])


@phase("Restore the cluster")
def finish(cluster: Cluster, host: Host) -> None:
    """Remove the marks of the restore, so that the deploy runs again."""
    if host.is_control_plane or host.is_coordinator:
        restore.mark_finished(name="Mark the restore as finished")


# kubeadm requires a token in its file, but the restore skips the phase that would make it.
UNUSED_TOKEN = "000000.0000000000000000"  # noqa: S105


@cache
def _authority() -> str:
    files = headscale_db.unpack(content(backups.PKI)())
    return kubeadm_state.ca_hash(files["pki/ca.crt"].decode())
