"""The removal of a host from the cluster, from the tailnet, and from the settings of all other hosts. The host may be dead."""

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


def _is_api_host() -> bool:
    return current_host().name == _api_host()


def _api_host() -> str:
    """Name of the control plane on which kubectl runs, which is not the leaving host; empty if none is reachable."""
    reached = active_hosts() - {leaving_host().name}
    return next((member.name for member in current_cluster().control_planes if member.name in reached), "")


@phase("Leave the cluster")
def leave_cluster(cluster: Cluster, host: Host) -> None:
    """Drain the node, run `kubeadm reset` on it, and delete its etcd member and its Node."""
    leaving = leaving_host()
    if not leaving.is_node:
        return
    if _is_api_host():
        if leaving.is_control_plane:
            etcd.check_quorum(name="Check etcd's quorum without it", leaving=leaving.name)
        nodes.drain(
            name=f"Drain {leaving.name}",
            node=leaving.name,
            timeout_s=drain.TIMEOUT_S,
            force=True,
            is_leaving=True,
            is_away=leaving.name in unreachable,
        )
    every_host_is_ready(name=f"{leaving.name} is drained")
    if host == leaving:
        kubeadm_reset.reset(name=f"Reset {leaving.name}", authority_of=_api_host())
    every_host_is_ready(name=f"{leaving.name} is reset")
    if _is_api_host():
        if leaving.is_control_plane:
            etcd.remove_member(
                name="Remove its etcd member", leaving=leaving.name, is_reset=leaving.name not in unreachable
            )
        deleted = nodes.delete_node(name="Delete its Node", node=leaving.name)
        manifests.wait_for_workloads(name="Wait until the cluster's own pods run", wanted=WORKLOADS, after=[deleted])


@phase("Leave the tailnet")
def leave_tailnet(cluster: Cluster, host: Host) -> None:
    """Log the host out, delete its machine in headscale, and expire all pre-auth keys, with which it could join again."""
    leaving = leaving_host()
    if host == leaving:
        tailscale.log_out(name="Leave the tailnet")
    every_host_is_ready(name=f"{leaving.name} has left the tailnet")
    if host.is_coordinator:
        headscale.delete_machine(name="Delete its machine in headscale", hostname=leaving.name)
        headscale.expire_keys(name="Expire the tailnet's join keys", tag=TAG)


@phase("Remove the host elsewhere")
def remove_from_others(cluster: Cluster, host: Host) -> None:
    """Remove the host from /etc/hosts, the packet filter and the API forwarding of the others, and from the tailnet's policy."""
    leaving = leaving_host()
    if host == leaving:
        return
    rest = remove_host.without(cluster, leaving.name)
    network.hosts_block(name="Write the other hosts' names", entries=lambda: tailnet_names(rest, host))
    if host.is_gateway and api_endpoint.is_forwarded(cluster):
        coordination.forward_api(rest)
    routing.admit(rest, host)
    if host.is_coordinator:
        coordination.restart_headscale([coordination.write_policy(rest)])


@phase("Clean the host")
def clean_host(cluster: Cluster, host: Host) -> None:
    """Remove everything of this project from the host, if it can be reached."""
    if host == leaving_host():
        clean(cluster, host)
