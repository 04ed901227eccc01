"""A backup brought back: looked at on every host first, then the tailnet's part, and when all hosts are in it the cluster's."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

from pyinfra import state

from cluster import backups
from cluster.backups import Manifest
from cluster.observed import kubeadm_state
from engine.barrier import every_host_is_ready
from engine.command_line import given
from engine.inventory import cluster, here
from engine.phase import phase
from local import backup_archive, headscale_db
from operations import kubeconfig, leaving, manifests, restore
from phases.control_plane import beginning, tailnet_address
from phases.pod_network import WORKLOADS


@cache
def about() -> Manifest:
    """What the backup says of itself; the door has refused one that can't be read."""
    return backup_archive.manifest(given()["from"])


def content(name: str) -> Callable[[], bytes]:
    """Gives one file of the backup when it is asked: keys and contents are no arguments of an operation."""
    return lambda: backup_archive.opened(given()["from"], name, backup_archive.identities(given()["identity"]))


def is_wanted(part: str) -> bool:
    """Whether that part is brought back: all of it, unless `only=` names the other."""
    return given().get("only") in (None, "", part)


@cache
def machines() -> tuple[str, ...] | None:
    """The keys of the machines that headscale will know; None where its database stays."""
    if not is_wanted(backups.TAILNET):
        return None
    return headscale_db.machine_keys(headscale_db.unpacked(content(backups.HEADSCALE)()))


@phase("Check the backup")
def check_backup() -> None:
    """See on every host that the backup would be understood."""
    if here().is_control_plane or here().is_coordinator:
        restore.fitting(
            name="See that the backup fits",
            kubernetes=about().kubernetes,
            headscale=about().headscale,
            authority=_authority,
        )
        restore.begun(name="Note that a restore is under way")


@phase("Bring the tailnet back")
def bring_tailnet_back() -> None:
    """Give headscale what it knew, and a host that has lost its key the one that it had: addresses then are what they were."""
    this = here()
    if this.is_coordinator and is_wanted(backups.TAILNET):
        restore.headscale(name="Bring headscale's database and keys back", archive=content(backups.HEADSCALE))
    every_host_is_ready(name="headscale knows its machines")
    key = backups.machine(this.name)
    restore.machine(
        name="Be the machine that it was",
        address=about().addresses.get(this.name, ""),
        archive=content(key) if key in about().files else None,
    )


@phase("Bring the cluster back")
def bring_cluster_back() -> None:
    """End what runs on the control planes, and begin the cluster anew from etcd's snapshot; workers find it by themselves."""
    whole, this = cluster(), here()
    if not is_wanted(backups.CLUSTER):
        return
    if this.is_control_plane:
        leaving.reset(name="End what runs on the control planes", _serial=True)
    every_host_is_ready(name="no control plane runs")
    if this != whole.control_planes[0]:
        return
    made = restore.cluster(
        name="Bring etcd and the authorities back",
        node=this.name,
        address=lambda: tailnet_address(this.name),
        document=lambda: beginning(whole, this, UNUSED_TOKEN),
        pki=content(backups.PKI),
        snapshot=content(backups.ETCD),
    )
    others = [other.name for other in whole.control_planes[1:]]
    for other in others:
        leaving.node_deleted(name=f"Have the API forget {other} until it joins", node=other)
    there = {member.name for member in state.inventory.get_active_hosts()} - set(others)
    manifests.nodes_ready(
        name="Wait until the nodes are ready", wanted=sorted(there & {node.name for node in whole.nodes})
    )
    manifests.available(name="Wait until the cluster's own pods run", wanted=WORKLOADS, after=[made])
    kubeconfig.handed_over(name="Hand the kubeconfig over", cluster=whole, after=[made])


@phase("Bring the cluster back")
def end() -> None:
    """Have the deploy do its work again."""
    if here().is_control_plane or here().is_coordinator:
        restore.finished(name="Note that the restore is done")


# kubeadm wants one in its file; the phase that would make it is left out.
UNUSED_TOKEN = "000000.0000000000000000"  # noqa: S105


@cache
def _authority() -> str:
    files = headscale_db.unpacked(content(backups.PKI)())
    return kubeadm_state.authority(files["pki/ca.crt"].decode())
