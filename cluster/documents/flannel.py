"""flannel's configuration: pods routed by the tailnet, or wrapped in vxlan on top of it."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from cluster import mtu
from cluster.model import Cluster

PLUGIN_IMAGE = "ghcr.io/flannel-io/flannel-cni-plugin:v1.9.1-flannel3"
INTERFACE = "tailscale0"
# The link of flannel's vxlan, with flannel's default network identifier 1.
VXLAN_LINK = "flannel.1"
BRIDGE = "cni0"
# The pod network's name for CNI.
NETWORK = "cbr0"
# One file for each address, named by it; its first line is the sandbox that holds the address.
LEASES = f"/var/lib/cni/networks/{NETWORK}"
CNI_CONFIG = "/etc/cni/net.d/10-flannel.conflist"
# What the pod network leaves on a node: links, and files as shell patterns.
LINKS = (BRIDGE, VXLAN_LINK, "flannel-v6.1")
FILES = (CNI_CONFIG, "/var/lib/cni/flannel", LEASES, f"/var/lib/cni/results/{NETWORK}-*", "/run/flannel")
# flannel's default, 8081, is likely to be the port of another program on the host.
HEALTH_PORT = 10280
DAEMON_SET = ("kube-flannel", "daemonset/kube-flannel-ds")


def images(cluster: Cluster) -> tuple[str, str]:
    """The image with flannel's CNI plugin, which is needed first, and the daemon's image."""
    return PLUGIN_IMAGE, f"ghcr.io/flannel-io/flannel:v{cluster.flannel_version}"


def manifest_values(cluster: Cluster) -> dict[str, Any]:
    """The values of templates/pod_network/flannel.yaml.j2."""
    net, cni = _text(net_conf(cluster)), _text(_cni_conf(cluster))
    plugin, daemon = images(cluster)
    return {
        "image": daemon,
        "plugin_image": plugin,
        "interface": INTERFACE,
        "health_port": HEALTH_PORT,
        "net_conf": net,
        "cni_conf": cni,
        "digest": hashlib.sha256((net + cni).encode()).hexdigest()[:16],
    }


def net_conf(cluster: Cluster) -> dict[str, Any]:
    """flannel's network configuration: the backend `alloc` only assigns the nodes' subnets, vxlan also carries packets between nodes."""
    is_routed = cluster.pod_network == "routed"
    # This is the MTU of the link below; flannel itself subtracts vxlan's 50 bytes.
    backend = {"Type": "alloc"} if is_routed else {"Type": "vxlan", "MTU": cluster.tailnet_mtu}
    return {"Network": str(cluster.pod_cidr), "EnableNFTables": False, "Backend": backend}


def _cni_conf(cluster: Cluster) -> dict[str, Any]:
    return {
        "name": NETWORK,
        # Old and new builds of flannel's plugin support this version.
        "cniVersion": "0.4.0",
        "plugins": [
            # Explicit, because else the plugin would use the MTU that tailscale0 had when flannel started.
            {
                "type": "flannel",
                "delegate": {"hairpinMode": True, "isDefaultGateway": True, "mtu": mtu.of_pods(cluster)},
            },
            {"type": "portmap", "capabilities": {"portMappings": True}},
        ],
    }


def _text(value: dict[str, Any]) -> str:
    return json.dumps(value)
