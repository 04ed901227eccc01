"""A host as it was before: what was put there goes, what others have there stays."""

from __future__ import annotations

from cluster.documents import flannel
from cluster.model import Cluster, Host
from operations import iptables, tailscale, uninstall
from operations.network import UNIT as NETWORK
from phases import containerd, packages, routing
from phases.coordination import API, API_SYSCTL, SITE
from phases.tailnet import DEFAULTS, DROP_IN, preferences

KUBERNETES = (*packages.KUBERNETES, "kubernetes-cni", "cri-tools")
OF_POD_NETWORK = (
    "/etc/cni/net.d/10-flannel.conflist",
    "/var/lib/cni/flannel",
    "/var/lib/cni/networks/cbr0",
    "/var/lib/cni/results/cbr0-*",
    "/run/flannel",
)
# /var/lib/kubelet and the like may be file systems of their own: they are emptied, and stay.
OF_KUBERNETES = (
    "/etc/kubernetes",
    "/var/lib/kubelet/*",
    "/var/lib/etcd/*",
    *OF_POD_NETWORK,
    "/run/isthmus",
    "/opt/cni/isthmus.*",
    "/opt/cni/bin/flannel",
    "/etc/apt/sources.list.d/isthmus-kubernetes.list",
    "/etc/apt/sources.list.d/isthmus-docker.list",
    "/etc/apt/keyrings/isthmus-kubernetes.gpg",
    "/etc/apt/keyrings/isthmus-docker.gpg",
    "/etc/modules-load.d/isthmus.conf",
    "/etc/sysctl.d/99-isthmus.conf",
    containerd.KUBELET_DROP_IN,
    "/etc/containerd/config.toml",
)
OF_TAILNET = (
    "/etc/headscale",
    "/var/lib/headscale",
    "/var/lib/tailscale",
    "/var/cache/tailscale",
    DEFAULTS,
    DROP_IN,
    SITE,
    API,
    API_SYSCTL,
    "/etc/isthmus",
    "/var/lib/isthmus",
    "/var/cache/isthmus",
    "/usr/local/lib/isthmus",
    routing.NETWORK_UNIT,
    iptables.UNIT_PATH,
    "/etc/systemd/networkd.conf.d/isthmus.conf",
    "/etc/sysctl.d/99-isthmus-network.conf",
    "/etc/cloud/cloud.cfg.d/99-isthmus.cfg",
    "/etc/apt/sources.list.d/isthmus-tailscale.list",
    "/etc/apt/keyrings/isthmus-tailscale.gpg",
    "/etc/apt/apt.conf.d/90isthmus",
)


def clean_of_kubernetes(whole: Cluster, this: Host, keep_tailnet: bool) -> None:
    """Take away what made `this` a node, after kubeadm has ended what ran there."""
    if not this.is_node:
        return
    if keep_tailnet:
        tailscale.set_prefs(name="Withdraw the pod network's route", preferences=_without_pods(whole, this))
    mirrors = [f"/etc/containerd/certs.d/{registry}" for registry in this.site.mirrors.registries]
    uninstall.packages(name="Remove Kubernetes' packages", names=KUBERNETES, released=["containerd.io", "containerd"])
    uninstall.pod_network(name="Delete the pod network's links and routes", pod_cidr=whole.pod_cidr)
    uninstall.plugins(name="Remove the CNI plugins")
    uninstall.absent(name="Remove Kubernetes' files", paths=[*OF_KUBERNETES, *mirrors], services=["containerd.service"])
    uninstall.swap_lines(name="Restore the swap lines of fstab")


def clean_of_tailnet(this: Host) -> None:
    """Take away what made `this` a machine of the tailnet, its part in coordination included."""
    uninstall.units(
        name="Stop and disable the services",
        names=[NETWORK, iptables.UNIT, "tailscaled.service", "headscale.service"],
    )
    uninstall.links(name="Delete the tunnel's link", names=[flannel.INTERFACE])
    uninstall.packages(name="Remove tailscale and headscale", names=["tailscale", "headscale"])
    uninstall.routing_rules(name="Delete our routing rules")
    uninstall.saved_rules(name="Remove our rules from the saved packet filter")
    uninstall.host_names(name="Remove our names from the hosts file")
    uninstall.absent(name="Remove the tailnet's files", paths=OF_TAILNET, services=["nginx.service"])


def clean(whole: Cluster, this: Host, keep_tailnet: bool = False) -> None:
    """All of it; on every host at the same time."""
    clean_of_kubernetes(whole, this, keep_tailnet)
    if not keep_tailnet:
        clean_of_tailnet(this)
    uninstall.packet_filters(name="Delete our packet filter rules", keep_tailnet=keep_tailnet)


def _without_pods(whole: Cluster, this: Host) -> tailscale.Preferences:
    wanted = preferences(whole, this)
    return tailscale.Preferences(wanted.hostname, wanted.routes)
