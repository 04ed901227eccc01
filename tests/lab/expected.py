"""Which check each fault of the lab makes verify report, and where a cluster suffers it."""

from __future__ import annotations

from cluster.model import Cluster, Host
from lab.faults.catalogue import FAULTS

EXPECTED = {
    "udp-blocked": "path-relayed",
    "hard-nat": "path-relayed",
    "tailnet-blocked": "path-blocked",
    "coordinator-blocked": "headscale-unreachable",
    "small-mtu": "mtu-black-hole",
    "mirror-gone": "mirror-unreachable",
    "registry-gone": "mirror-unreachable",
    "dns-broken": "dns-host",
    "host-gone": "host-unreachable",
    "ssh-slow": "host-slow",
    "clock-skew": "clock-skew",
    "disk-full": "disk-pressure",
    "file-changed": "drift",
    "port-exposed": "exposed-port",
    "oracle-reject-rules": "foreign-reject-rule",
    "foreign-chain": "foreign-reject-rule",
    "lan-captured": "lan-overlap",
    "lan-silent": "lan-path",
    "guest-route": "vcn-next-hop",
    "tailscaled-stopped": "tailnet-down",
    "headscale-stopped": "headscale-health",
    "gateway-stopped": "headscale-health",
    "api-stopped": "node-not-ready",
    "route-withdrawn": "route-not-advertised",
    "pod-route-withdrawn": "route-not-advertised",
    "route-unapproved": "route-not-approved",
    "routes-refused": "route-not-accepted",
    "containerd-stopped": "node-not-ready",
    "kubelet-stopped": "node-not-ready",
    "node-moved": "node-address",
    "kubelet-newer": "version-skew",
    "service-rules-gone": "kube-proxy-rules",
    "pods-cut-off": "foreign-reject-rule",
    "pods-unrouted": "pod-path",
    "pods-small-packets": "pod-large-packet",
    "services-dropped": "service-ip",
    "upstream-dropped": "coredns-upstream",
    "cluster-dns-gone": "dns-pod",
    "image-gone": "image-pull",
    "image-foreign": "image-architecture",
    "certificate-ending": "certificate-expiry",
    "key-ending": "key-expiry",
}
# What of tests/hosts fails meanwhile: the module (a role), and of its assertions those that the fault is made for.
ASSERTED = {
    "tailscaled-stopped": ("every_host", {"unit_runs", "tailscaled_is_called_at_its_port"}),
    "file-changed": ("every_host", {"forwarding_is_on_for_the_next_boot_too"}),
    "lan-captured": ("every_host", {"own_networks_are_looked_for_in_the_main_table_first"}),
    "disk-full": ("every_host", {"disk_has_room"}),
    "gateway-stopped": ("gateway", {"nginx_runs", "nginx_listens"}),
    "headscale-stopped": (
        "coordinator",
        {"headscale_runs", "headscale_listens_for_the_gateway_alone", "stun_is_served"},
    ),
    "api-stopped": ("control_plane", {"secret_is_for_root_alone", "program_runs", "api_listens"}),
    "certificate-ending": ("control_plane", {"certificate_does_not_end_within_a_month"}),
    "containerd-stopped": ("node", {"unit_runs", "containerd_answers"}),
    "kubelet-stopped": ("node", {"unit_runs", "kubelet_answers_the_api"}),
    "node-moved": ("node", {"kubelet_registers_the_tailnet_address"}),
    "kubelet-newer": ("node", {"kubelet_is_the_package_s"}),
}
# A slow or lossy line is no fault of the cluster's.
QUIET = ("latency", "loss")
# What a deploy refuses before it begins, and its words for it; a converged cluster is not tried again.
DOOR = {
    "login-closed": "TCP 443, inbound",
    "acme-closed": "TCP 80, inbound",
    "stun-closed": "UDP 3478, inbound",
    "wireguard-closed": "UDP 41641, inbound",
    "name-elsewhere": "it leads to",
    "name-twice": "it also leads to",
    "name-ipv6": "its AAAA record leads to 2001:db8::7",
}
# Of a host in a cloud; all others happen to a host behind a router, or to its site.
IN_A_CLOUD = ("wireguard-closed", "port-exposed", "oracle-reject-rules", "lan-captured", "guest-route")


def target(cluster: Cluster, fault: str) -> list[str]:
    """The name of the worker or the site that it happens to; none for a fault of the whole cluster."""
    kind = FAULTS[fault].target
    if not kind:
        return []
    if fault == "hard-nat":
        # The home router lets in only answers: with a cloud that sends from any port, neither side finds the other.
        host = next(host for host in cluster.nodes if host.internet_address and host.site != cluster.coordinator.site)
    else:
        host = in_a_cloud(cluster) if fault in IN_A_CLOUD else behind_a_router(cluster)
    return [host.site.site if kind == "site" else host.name]


def having(cluster: Cluster, role: str) -> tuple[Host, ...]:
    """The hosts that the module of tests/hosts is for."""
    by_role = {
        "every_host": cluster.hosts,
        "gateway": (cluster.gateway,),
        "coordinator": (cluster.coordinator,),
        "control_plane": cluster.control_planes,
        "node": cluster.nodes,
    }
    return by_role[role]


def behind_a_router(cluster: Cluster) -> Host:
    """A worker whose router masquerades."""
    return next(host for host in cluster.nodes if host.site.nat == "masquerade" and not host.is_control_plane)


def in_a_cloud(cluster: Cluster) -> Host:
    """A worker with a public address and neighbours."""
    return next(
        host
        for host in cluster.nodes
        if host.internet_address and not host.is_control_plane and len(cluster.hosts_of(host.site)) > 1
    )
