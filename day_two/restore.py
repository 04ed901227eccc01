"""A backup brought back: looked at on every host first, then the tailnet's part, and when all hosts are in it the cluster's."""

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
    """What the backup says of itself; the door has refused one that can't be read."""
    return backup_archive.manifest(given()["from"])


def content(name: str) -> Callable[[], bytes]:
    """Gives one file of the backup when it is asked: keys and contents are no arguments of an operation."""
    return lambda: backup_archive.open_file(given()["from"], name, backup_archive.identities(given()["identity"]))


def is_wanted(part: str) -> bool:
    """Whether that part is brought back: all of it, unless `only=` names the other."""
    return given().get("only") in (None, "", part)


@cache
def machine_keys() -> tuple[str, ...] | None:
    """The keys of the machines that headscale will know; None where its database stays."""
    if not is_wanted(backups.TAILNET):
        return None
    return headscale_db.machine_keys(headscale_db.unpack(content(backups.HEADSCALE)()))


@phase("Check the backup")
def check_backup(cluster: Cluster, host: Host) -> None:
    """See on every host that the backup would be understood."""
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
    """Give headscale what it knew, and a host that has lost its key the one that it had: addresses then are what they were."""
    if host.is_coordinator and is_wanted(backups.TAILNET):
        restore.headscale(name="Restore headscale's database and keys", archive=content(backups.HEADSCALE))
    every_host_is_ready(name="every machine has logged in")
    key = backups.machine(host.name)
    restore.machine(
        name="Restore the machine's tailnet key",
        address=backup_manifest().addresses.get(host.name, ""),
        archive=content(key) if key in backup_manifest().files else None,
    )


@phase("Restore the cluster")
def restore_cluster(cluster: Cluster, host: Host) -> None:
    """End what runs on the control planes, and begin the cluster anew from etcd's snapshot; workers find it by themselves."""
    if not is_wanted(backups.CLUSTER):
        return
    if host.is_control_plane:
        kubeadm_reset.reset(name="Reset the control planes before the restore", _serial=True)
    every_host_is_ready(name="no control plane runs")
    if host != cluster.control_planes[0]:
        return
    made = restore.cluster(
        name="Restore etcd and the CAs",
        node=host.name,
        address=lambda: tailnet_address(host.name),
        document=lambda: init_document(cluster, host, UNUSED_TOKEN),
        pki=content(backups.PKI),
        snapshot=content(backups.ETCD),
    )
    others = [other.name for other in cluster.control_planes[1:]]
    for other in others:
        nodes.delete_node(name=f"Have the API forget {other} until it joins", node=other)
    there = active_hosts() - set(others)
    manifests.wait_for_nodes(
        name="Wait until the nodes are ready", wanted=sorted(there & {node.name for node in cluster.nodes})
    )
    manifests.wait_for_workloads(name="Wait until the cluster's own pods run", wanted=WORKLOADS, after=[made])
    kubeconfig.write(name="Write build/kubeconfig", cluster=cluster, after=[made])


@phase("Restore the cluster")
def finish(cluster: Cluster, host: Host) -> None:
    """Have the deploy do its work again."""
    if host.is_control_plane or host.is_coordinator:
        restore.mark_finished(name="Mark the restore as finished")


# kubeadm wants one in its file; the phase that would make it is left out.
UNUSED_TOKEN = "000000.0000000000000000"  # noqa: S105


@cache
def _authority() -> str:
    files = headscale_db.unpack(content(backups.PKI)())
    return kubeadm_state.ca_hash(files["pki/ca.crt"].decode())
