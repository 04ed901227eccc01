"""What runs is brought to the declared versions: one host, and one step, at a time."""

from __future__ import annotations

from pyinfra import host, state
from pyinfra.api.operation import OperationMeta

from cluster import upgrades
from cluster.documents import kubeadm
from cluster.model import Host
from cluster.tasks import is_set
from day_two import drain
from day_two.upgrade_plan import foreseen
from engine.barrier import every_host_is_ready
from engine.command_line import given
from engine.inventory import cluster, here, is_speaker
from engine.phase import phase
from engine.pins import trust
from operations import apt, deb, headscale, kubeconfig, manifests, nodes, systemd, tailnet_peers, upgrade
from operations.install_plan import decision, granted
from phases import containerd, pod_network
from phases import packages as repositories
from phases.coordination import download, serve
from phases.tailnet import DEFAULTS

KUBELET_READS = ("/usr/bin/kubelet", "/var/lib/kubelet/config.yaml", "/var/lib/kubelet/kubeadm-flags.env")


@phase("Tailscale")
def tailnet() -> None:
    """One host at a time: no path has both its ends away, and the hosts that others need come last."""
    whole, this, plan = cluster(), here(), foreseen()
    for member in host.loop(plan.of("tailscale", upgrades.tailscale_order(whole))):
        every_host_is_ready(name=f"{member.name} is next")
        if this == member:
            wanted = repositories.tailscale(whole, this, granted())
            apt.upgraded(name=f"Upgrade tailscale on {this.name}", wanted=[wanted])
            systemd.service(
                name=f"Have tailscaled run on {this.name}",
                unit="tailscaled.service",
                reads=[DEFAULTS, "/usr/sbin/tailscaled"],
            )
            _is_back(this)


@phase("Headscale")
def coordination() -> None:
    """Fetch the new one, keep a copy of the database, install it; and see that every client finds it."""
    whole, this, plan = cluster(), here(), foreseen()
    if "headscale" not in plan.parts:
        return
    step = plan.step("headscale", whole.coordinator)
    if step and this.is_coordinator:
        deb.downloaded(
            name="Keep a copy of headscale's database, and upgrade headscale",
            package="headscale",
            version=whole.headscale_version,
            download=download(whole),
            ca=trust().ca,
            upgrade_after=upgrade.kept_database(step.runs),
        )
    if this.is_coordinator and plan.has_headscale:
        # An upgrade that was interrupted may have left it stopped.
        serve([])
    if step:
        every_host_is_ready(name="headscale is upgraded")
        headscale.reachable(name="Wait for headscale", login_server=whole.server_url)
        if this.name in plan.joined:
            tailnet_peers.sees(
                name="Wait until the others are online", peers=lambda: dict.fromkeys(plan.others(this), ())
            )


@phase("Nodes")
def nodes_of_the_cluster() -> None:
    """Control planes, then workers: each is prepared, drained, upgraded and put back before the next one's turn."""
    whole, this, plan = cluster(), here(), foreseen()
    done: list[OperationMeta] = []
    for node in host.loop(plan.due):
        every_host_is_ready(name=f"{node.name} is next")
        is_member = node.name in plan.members
        if is_speaker() and is_member and node.name not in plan.half_way:
            _see_that_it_may_go(node)
        every_host_is_ready(name=f"{node.name} may be upgraded")
        if this == node and "kubernetes" in plan.parts:
            done += _renew(node, is_member)
        every_host_is_ready(name=f"{node.name} is prepared")
        taken = _take_out(node) if is_speaker() and is_member else []
        every_host_is_ready(name=f"{node.name} is out of service")
        if this == node:
            _replace(node, done)
        every_host_is_ready(name=f"{node.name} has its versions")
        if is_speaker() and is_member:
            _put_back(node, taken)
    if this == whole.control_planes[0] and this.name in plan.members and "kubernetes" in plan.parts:
        # kubeadm renews certificates in passing, the administrator's too.
        kubeconfig.handed_over(name="Hand the kubeconfig over", cluster=whole, after=done)


@phase("Pod network")
def flannel() -> None:
    """Have the cluster run the declared flannel."""
    whole, this = cluster(), here()
    if foreseen().of("flannel", whole.control_planes[:1]) and this == whole.control_planes[0]:
        applied = pod_network.apply_manifest()
        manifests.available(name="Wait until the cluster's own pods run", wanted=pod_network.WORKLOADS, after=[applied])


def _is_back(this: Host) -> None:
    plan = foreseen()
    if this.name in plan.joined:
        tailnet_peers.sees(name=f"See the others from {this.name}", peers=lambda: dict.fromkeys(plan.others(this), ()))
        upgrade.reaches(name=f"Reach the others from {this.name}", peers=plan.others(this))


def _see_that_it_may_go(node: Host) -> None:
    """Its pods find room elsewhere only while the others are well."""
    ready = [name for name in foreseen().members if name in foreseen().reached]
    manifests.nodes_ready(name=f"See that the nodes are ready before {node.name}", wanted=ready)
    manifests.available(name=f"See that the cluster's own pods run before {node.name}", wanted=pod_network.WORKLOADS)
    if node.is_control_plane:
        upgrade.etcd_answers(name=f"See that etcd is whole before {node.name}")


def _renew(node: Host, is_member: bool) -> list[OperationMeta]:
    """kubeadm, and by it what the node runs for Kubernetes apart from kubelet."""
    whole = cluster()
    repositories.name_repositories(whole, node, granted())
    installed = apt.upgraded(name=f"Upgrade kubeadm on {node.name}", wanted=_packages("kubeadm"))
    if not is_member:
        return [installed]
    is_first = node == whole.control_planes[0]
    renewed = upgrade.renewed(
        name=f"Upgrade {'the control plane' if node.is_control_plane else 'the settings of kubelet'} on {node.name}",
        version=whole.kubernetes_version,
        verb=f"upgrade apply v{whole.kubernetes_version} --yes" if is_first else "upgrade node",
        document=lambda: kubeadm.upgrade(decision(node.name)),
    )
    return [installed, renewed]


def _take_out(node: Host) -> list[OperationMeta]:
    told = given()
    marked = upgrade.reserved(name=f"Mark {node.name} as in upgrade", node=node.name)
    nodes.drained(
        name=f"Drain {node.name}",
        node=node.name,
        timeout_s=int(told.get("timeout") or drain.DRAIN_S),
        force=is_set(told, "force"),
    )
    return [marked]


def _replace(node: Host, done: list[OperationMeta]) -> None:
    """containerd and kubelet, and what they read."""
    whole, plan, found = cluster(), foreseen(), granted()
    if "containerd" in plan.parts and found.containerd_pinned:
        if "kubernetes" not in plan.parts:
            repositories.name_repositories(whole, node, found)
        wanted = [apt.Wanted(found.containerd_package, f"{whole.containerd_version}-*", held=True)]
        apt.upgraded(name=f"Upgrade containerd on {node.name}", wanted=wanted)
    kubelet = []
    if "kubernetes" in plan.parts:
        kubelet = [
            apt.upgraded(name=f"Upgrade kubelet and kubectl on {node.name}", wanted=_packages("kubelet", "kubectl"))
        ]
        containerd.unpack_plugins(whole, node, found)
    containerd.configure_containerd(node.name, lambda: _containerd_config(node), reads=[containerd.BINARY])
    if node.name in plan.members:
        systemd.service(
            name=f"Have kubelet run on {node.name}",
            unit="kubelet.service",
            reads=KUBELET_READS,
            restarted_by=[*done, *kubelet],
        )


def _containerd_config(node: Host) -> str | None:
    """In a preview of another minor version, which image a pod begins with is not known yet: the new kubeadm says."""
    if not state.is_executing and _changes_minor(node):
        return None
    return containerd.containerd_config(node.name)


def _changes_minor(node: Host) -> bool:
    step = foreseen().step("kubernetes", node)
    return step is not None and step.changes_minor


def _put_back(node: Host, taken: list[OperationMeta]) -> None:
    if "kubernetes" in foreseen().parts:
        upgrade.runs(name=f"Wait until {node.name} is ready", node=node.name, version=cluster().kubernetes_version)
    else:
        manifests.nodes_ready(name=f"Wait until {node.name} is ready", wanted=[node.name])
    upgrade.returned(name=f"Let {node.name} take pods", node=node.name, after=taken)


def _packages(*names: str) -> list[apt.Wanted]:
    return [apt.Wanted(name, f"{cluster().kubernetes_version}-*", held=True) for name in names]
