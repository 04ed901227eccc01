"""The upgrade of all programs to the declared versions: one step after the other, and one host after the other."""

from __future__ import annotations

import pyinfra
from pyinfra import state
from pyinfra.api.operation import OperationMeta

from cluster import upgrades
from cluster.documents import kubeadm
from cluster.model import Cluster, Host
from cluster.tasks import is_set
from day_two import drain
from day_two.upgrade_plan import upgrade_plan
from engine.barrier import every_host_is_ready
from engine.command_line import given
from engine.inventory import current_cluster, is_api_host
from engine.phase import phase
from local.pins import current_pins
from operations import apt, deb, headscale, kubeconfig, manifests, nodes, systemd, tailnet_peers, upgrade
from operations.install_plan import host_install_plan, kubelet_settings_of
from phases import containerd, pod_network
from phases import packages as repositories
from phases.coordination import download, restart_headscale
from phases.tailnet import DEFAULTS

KUBELET_READS = ("/usr/bin/kubelet", "/var/lib/kubelet/config.yaml", "/var/lib/kubelet/kubeadm-flags.env")


@phase("Tailscale")
def tailnet(cluster: Cluster, host: Host) -> None:
    """Upgrade tailscale on one host after the other, so that only one end of a path is down at a time; hosts that others need come last."""
    plan = upgrade_plan()
    for member in pyinfra.host.loop(plan.of("tailscale", upgrades.tailscale_order(cluster))):
        every_host_is_ready(name=f"{member.name} is next")
        if host == member:
            wanted = repositories.tailscale(cluster, host, host_install_plan())
            apt.upgrade(name=f"Upgrade tailscale on {host.name}", wanted=[wanted])
            systemd.service(
                name=f"Wait for tailscaled on {host.name}",
                unit="tailscaled.service",
                reads=[DEFAULTS, "/usr/sbin/tailscaled"],
            )
            _wait_for_tailnet(host)


@phase("Headscale")
def coordination(cluster: Cluster, host: Host) -> None:
    """Download the new headscale, copy its database, install it, and wait until every client is connected."""
    plan = upgrade_plan()
    if "headscale" not in plan.parts:
        return
    step = plan.step("headscale", cluster.coordinator)
    if step and host.is_coordinator:
        deb.package(
            name="Copy headscale's database and upgrade headscale",
            package="headscale",
            version=cluster.headscale_version,
            download=download(cluster),
            ca=current_pins().ca,
            upgrade_after=upgrade.database_copy_script(step.runs),
        )
    if host.is_coordinator and plan.has_headscale:
        # An interrupted upgrade may have left headscale stopped.
        restart_headscale([])
    if step:
        every_host_is_ready(name="headscale is upgraded")
        headscale.wait_reachable(name="Wait for headscale", login_server=cluster.server_url)
        if host.name in plan.joined:
            tailnet_peers.wait_for_peers(
                name="Wait until the others are online", peers=lambda: dict.fromkeys(plan.others(host), ())
            )


@phase("Nodes")
def upgrade_nodes(cluster: Cluster, host: Host) -> None:
    """Prepare, drain, upgrade and uncordon one node after the other: the control planes, then the workers."""
    plan = upgrade_plan()
    upgraded: list[OperationMeta] = []
    for node in pyinfra.host.loop(plan.due):
        every_host_is_ready(name=f"{node.name} is next")
        is_member = node.name in plan.members
        if is_api_host() and is_member and node.name not in plan.half_way:
            _wait_for_health(node)
        every_host_is_ready(name=f"{node.name} may be upgraded")
        if host == node and "kubernetes" in plan.parts:
            upgraded += _upgrade_kubeadm(node, is_member)
        every_host_is_ready(name=f"{node.name} is prepared")
        marked = _drain(node) if is_api_host() and is_member else []
        every_host_is_ready(name=f"{node.name} is drained")
        if host == node:
            _upgrade_kubelet_and_containerd(node, upgraded)
        every_host_is_ready(name=f"{node.name} has its versions")
        if is_api_host() and is_member:
            _uncordon(node, marked)
    if host == cluster.control_planes[0] and host.name in plan.members and "kubernetes" in plan.parts:
        # `kubeadm upgrade` renews all certificates, the administrator's included.
        kubeconfig.write(name="Write build/kubeconfig", cluster=cluster, after=upgraded)


@phase("Pod network")
def flannel(cluster: Cluster, host: Host) -> None:
    """Apply the manifest of the declared flannel."""
    if upgrade_plan().of("flannel", cluster.control_planes[:1]) and host == cluster.control_planes[0]:
        applied = pod_network.apply_manifest()
        manifests.wait_for_workloads(
            name="Wait until the cluster's own pods run", wanted=pod_network.WORKLOADS, after=[applied]
        )


def _wait_for_tailnet(host: Host) -> None:
    plan = upgrade_plan()
    if host.name in plan.joined:
        tailnet_peers.wait_for_peers(
            name=f"Wait for the peers of {host.name}", peers=lambda: dict.fromkeys(plan.others(host), ())
        )
        upgrade.wait_for_tailnet(name=f"Wait for the tailnet on {host.name}", peers=plan.others(host))


def _wait_for_health(node: Host) -> None:
    """Wait until the cluster is healthy before the drain of a node: its pods need other nodes, and etcd its quorum."""
    ready = [name for name in upgrade_plan().members if name in upgrade_plan().reached]
    manifests.wait_for_nodes(name=f"Wait for the nodes before {node.name}", wanted=ready)
    manifests.wait_for_workloads(
        name=f"Wait for the cluster's own pods before {node.name}", wanted=pod_network.WORKLOADS
    )
    if node.is_control_plane:
        upgrade.wait_for_etcd(name=f"Wait for etcd's members before {node.name}")


def _upgrade_kubeadm(node: Host, is_member: bool) -> list[OperationMeta]:
    """Upgrade kubeadm on a node, and by it the control plane and kubelet's settings. Returns these operations."""
    cluster = current_cluster()
    repositories.write_repositories(cluster, node, host_install_plan())
    installed = apt.upgrade(name=f"Upgrade kubeadm on {node.name}", wanted=_packages("kubeadm"))
    if not is_member:
        return [installed]
    is_first = node == cluster.control_planes[0]
    upgraded = upgrade.kubeadm_upgrade(
        name=f"Upgrade {'the control plane' if node.is_control_plane else 'the settings of kubelet'} on {node.name}",
        version=cluster.kubernetes_version,
        verb=f"upgrade apply v{cluster.kubernetes_version} --yes" if is_first else "upgrade node",
        document=lambda: kubeadm.upgrade(kubelet_settings_of(node.name)),
    )
    return [installed, upgraded]


def _drain(node: Host) -> list[OperationMeta]:
    arguments = given()
    marked = upgrade.mark_for_upgrade(name=f"Mark {node.name} as in upgrade", node=node.name)
    nodes.drain(
        name=f"Drain {node.name}",
        node=node.name,
        timeout_s=int(arguments.get("timeout") or drain.TIMEOUT_S),
        force=is_set(arguments, "force"),
    )
    return [marked]


def _upgrade_kubelet_and_containerd(node: Host, upgraded: list[OperationMeta]) -> None:
    """Upgrade containerd, kubelet and the CNI plugins on a node. `upgraded`: earlier operations that require kubelet's restart."""
    cluster, plan, found = current_cluster(), upgrade_plan(), host_install_plan()
    if "containerd" in plan.parts and found.containerd_pinned:
        if "kubernetes" not in plan.parts:
            repositories.write_repositories(cluster, node, found)
        wanted = [apt.Wanted(found.containerd_package, f"{cluster.containerd_version}-*", held=True)]
        apt.upgrade(name=f"Upgrade containerd on {node.name}", wanted=wanted)
    kubelet = []
    if "kubernetes" in plan.parts:
        kubelet = [
            apt.upgrade(name=f"Upgrade kubelet and kubectl on {node.name}", wanted=_packages("kubelet", "kubectl"))
        ]
        containerd.unpack_plugins(cluster, node, found)
    containerd.configure_containerd(node.name, lambda: _containerd_config(node), reads=[containerd.BINARY])
    if node.name in plan.members:
        systemd.service(
            name=f"Wait for kubelet on {node.name}",
            unit="kubelet.service",
            reads=KUBELET_READS,
            restarted_by=[*upgraded, *kubelet],
        )


def _containerd_config(node: Host) -> str | None:
    """The configuration of containerd; None in a preview of another minor version: only the new kubeadm lists its pause image."""
    if not state.is_executing and _changes_minor(node):
        return None
    return containerd.containerd_config(node.name)


def _changes_minor(node: Host) -> bool:
    step = upgrade_plan().step("kubernetes", node)
    return step is not None and step.changes_minor


def _uncordon(node: Host, marked: list[OperationMeta]) -> None:
    if "kubernetes" in upgrade_plan().parts:
        upgrade.wait_for_kubelet(
            name=f"Wait until {node.name} is ready", node=node.name, version=current_cluster().kubernetes_version
        )
    else:
        manifests.wait_for_nodes(name=f"Wait until {node.name} is ready", wanted=[node.name])
    upgrade.unmark(name=f"Let {node.name} take pods", node=node.name, after=marked)


def _packages(*names: str) -> list[apt.Wanted]:
    return [apt.Wanted(name, f"{current_cluster().kubernetes_version}-*", held=True) for name in names]
