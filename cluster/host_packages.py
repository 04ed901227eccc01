"""Which packages a host gets, by its roles."""

from __future__ import annotations

from cluster.documents import api_endpoint
from cluster.model import Cluster, Host

# Needed to read repositories over HTTPS; minimal images lack them.
HTTPS_TOOLS = ("ca-certificates", "curl")
TOOLS = ("gpg", "iptables", "nftables")
NODE_TOOLS = ("conntrack", "ethtool")
KUBERNETES = ("kubeadm", "kubelet", "kubectl")
# How the packages of other publishers relate to others, in the form of their control files. With it apt can be asked what an
# installation would remove before it has read their repositories.
RELATIONS = {
    "containerd.io": ("Provides: containerd, runc", "Conflicts: containerd, runc", "Replaces: containerd, runc"),
    "tailscale": ("Conflicts: tailscale-relay", "Replaces: tailscale-relay"),
}
# Program → the packages that may bring it. dpkg refuses a file of another package, and overwrites a file of none.
PROGRAMS = {
    "/usr/bin/kubeadm": ("kubeadm",),
    "/usr/bin/kubelet": ("kubelet",),
    "/usr/bin/kubectl": ("kubectl",),
    "/usr/bin/crictl": ("cri-tools", "kubeadm"),
    "/usr/bin/containerd": ("containerd.io", "containerd"),
    "/usr/bin/ctr": ("containerd.io", "containerd"),
    "/usr/bin/runc": ("containerd.io", "runc"),
    "/usr/bin/tailscale": ("tailscale",),
    "/usr/sbin/tailscaled": ("tailscale",),
    "/usr/bin/headscale": ("headscale",),
}


def of_the_gateway(cluster: Cluster, has_certificate: bool) -> list[str]:
    """The gateway's packages. `has_certificate`: the operator brings the certificate, so that certbot isn't needed."""
    certbot = [] if has_certificate else ["certbot"]
    return ["nginx", *certbot, *(["libnginx-mod-stream"] if api_endpoint.is_forwarded(cluster) else [])]


def of_the_distribution(cluster: Cluster, host: Host, has_certificate: bool) -> list[str]:
    """The packages of the host's own distribution, in any version."""
    gateway = of_the_gateway(cluster, has_certificate) if host.is_gateway else []
    return [*HTTPS_TOOLS, *TOOLS, *gateway, *(NODE_TOOLS if host.is_node else ())]


def of_others(host: Host) -> list[str]:
    """The packages of other publishers; containerd is here even if the distribution's is declared, as it excludes Docker's."""
    listed = ["tailscale", *(["headscale"] if host.is_coordinator else [])]
    if host.is_node:
        listed += ["containerd.io" if host.runtime_source == "docker" else "containerd", *KUBERNETES]
    return listed
