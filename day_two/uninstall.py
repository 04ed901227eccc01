"""The removal of everything that the phases have put on a host; nothing else is touched."""

from __future__ import annotations

from cluster import host_packages
from cluster.documents import flannel
from cluster.documents.tailscale import Preferences
from cluster.model import Cluster, Host
from operations import firewalld, iptables, tailscale, uninstall
from operations.network import UNIT as NETWORK
from phases import baseline, containerd, control_plane, coordination, packages, pod_network, routing, tailnet

KUBERNETES = (*host_packages.KUBERNETES, "kubernetes-cni", "cri-tools")
# In the order of deploy.py; each module's OWNED lists the paths that it leaves on a host.
PHASES = (baseline, packages, routing, containerd, coordination, tailnet, control_plane, pod_network)


def remove_kubernetes(cluster: Cluster, host: Host, keep_tailnet: bool) -> None:
    """Remove Kubernetes from a node, after `kubeadm reset`."""
    if not host.is_node:
        return
    if keep_tailnet:
        tailscale.set_prefs(name="Withdraw the pod network's route", preferences=_without_pods(cluster, host))
    owned = [path for phase in PHASES for path in phase.OWNED.node]
    owned += containerd.mirror_folders(host).values()
    uninstall.packages(name="Remove Kubernetes' packages", names=KUBERNETES, released=["containerd.io", "containerd"])
    uninstall.pod_network(name="Delete the pod network's links and routes", pod_cidr=cluster.pod_cidr)
    uninstall.plugins(name="Remove the CNI plugins")
    uninstall.absent(name="Remove Kubernetes' files", paths=owned, services=["containerd.service"])


def remove_tailnet(host: Host) -> None:
    """Remove the tailnet's client from a host, and headscale and its gateway if they are there."""
    uninstall.units(
        name="Stop and disable the services",
        names=[NETWORK, iptables.UNIT, tailnet.NAMES_UNIT, "tailscaled.service", "headscale.service"],
    )
    uninstall.links(name="Delete the tunnel's link", names=[flannel.INTERFACE])
    uninstall.packages(name="Remove tailscale and headscale", names=["tailscale", "headscale"])
    uninstall.routing_rules(name="Delete our routing rules")
    uninstall.saved_rules(name="Remove our rules from the saved packet filter")
    firewalld.release(name="Remove our settings from firewalld")
    owned = [path for phase in PHASES for path in phase.OWNED.machine]
    uninstall.absent(name="Remove the tailnet's files", paths=owned, services=["nginx.service"])


def clean(cluster: Cluster, host: Host, keep_tailnet: bool = False) -> None:
    """Remove everything of this project from a host. `keep_tailnet`: Kubernetes only."""
    remove_kubernetes(cluster, host, keep_tailnet)
    uninstall.swap_lines(name="Restore the swap lines of fstab")
    if not keep_tailnet:
        remove_tailnet(host)
    uninstall.packet_filters(name="Delete our packet filter rules", keep_tailnet=keep_tailnet)
    if not keep_tailnet:
        # Last: from then on sudo waits for the host's name, which stays, if no name server has it.
        uninstall.host_names(name="Remove our names from the hosts file")


def _without_pods(cluster: Cluster, host: Host) -> Preferences:
    wanted = tailnet.preferences(cluster, host)
    return Preferences(wanted.hostname, wanted.routes)
