"""One host leaves: the cluster, the tailnet, and the memory of the others. It may be dead."""

from __future__ import annotations

from cluster.documents import api_endpoint
from cluster.documents.routes import TAG
from cluster.model import Cluster, Host
from cluster.preflight import remove_host
from day_two import drain
from day_two.uninstall import clean
from engine.barrier import every_host_is_ready
from engine.command_line import given
from engine.connect import unreachable
from engine.inventory import active_hosts, current_cluster, current_host
from engine.phase import phase
from operations import etcd, headscale, kubeadm_reset, manifests, network, nodes, tailscale
from operations.host_names import tailnet_names
from phases import coordination, routing
from phases.pod_network import WORKLOADS


def leaving_host() -> Host:
    """The host of `--data host=`."""
    return current_cluster().host(given()["host"])


def _speaks() -> bool:
    """Whether the host whose turn it is speaks to the API: a control plane that stays."""
    return current_host().name == _speaker()


def _speaker() -> str:
    reached = active_hosts() - {leaving_host().name}
    return next((member.name for member in current_cluster().control_planes if member.name in reached), "")


@phase("Leave the cluster")
def leave_cluster(cluster: Cluster, host: Host) -> None:
    """Move its pods, end what runs on it, and have the API forget it."""
    going = leaving_host()
    if not going.is_node:
        return
    if _speaks():
        if going.is_control_plane:
            etcd.check_quorum(name="Check etcd's quorum without it", leaving=going.name)
        nodes.drain(
            name=f"Drain {going.name}",
            node=going.name,
            timeout_s=drain.DRAIN_S,
            force=True,
            is_leaving=True,
            is_away=going.name in unreachable,
        )
    every_host_is_ready(name="its pods are evicted")
    if host == going:
        kubeadm_reset.reset(name=f"Reset {going.name}", authority_of=_speaker())
    every_host_is_ready(name="it is reset")
    if _speaks():
        if going.is_control_plane:
            etcd.remove_member(
                name="Remove its etcd member", leaving=going.name, is_reset=going.name not in unreachable
            )
        deleted = nodes.delete_node(name="Delete its Node", node=going.name)
        manifests.wait_for_workloads(name="Wait until the cluster's own pods run", wanted=WORKLOADS, after=[deleted])


@phase("Leave the tailnet")
def leave_tailnet(cluster: Cluster, host: Host) -> None:
    """End its membership, and take back whatever could bring it in again."""
    going = leaving_host()
    if host == going:
        tailscale.log_out(name="Leave the tailnet")
    every_host_is_ready(name="it has left the tailnet")
    if host.is_coordinator:
        headscale.delete_machine(name="Delete its machine in headscale", hostname=going.name)
        headscale.expire_keys(name="Expire the tailnet's join keys", tag=TAG)


@phase("Remove the host elsewhere")
def forget(cluster: Cluster, host: Host) -> None:
    """Take it out of what the others know: names, filters, the tailnet's policy, as if it had never been declared."""
    going = leaving_host()
    if host == going:
        return
    rest = remove_host.without(cluster, going.name)
    network.hosts_block(name="Write the other hosts' names", entries=lambda: tailnet_names(rest, host))
    if host.is_gateway and api_endpoint.is_forwarded(cluster):
        coordination.forward_api(rest)
    routing.admit(rest, host)
    if host.is_coordinator:
        coordination.restart_headscale([coordination.write_policy(rest)])


@phase("Clean the host")
def clean_host(cluster: Cluster, host: Host) -> None:
    """Take away what was put on it, if it can be reached."""
    if host == leaving_host():
        clean(cluster, host)
