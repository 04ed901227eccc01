"""All faults: what each does in one line, its target, and the two functions that cause and undo it."""

from __future__ import annotations

from lab.faults import door, expiry, machines, nodes, pod_filters, sites, tailnet
from lab.faults.context import Fault

FAULTS: dict[str, Fault] = {
    "udp-blocked": Fault(
        "the site's router drops all UDP but DNS",
        "site", sites.block_udp, sites.remove_filter,
    ),
    "tailnet-blocked": Fault(
        "the site's hosts reach the others neither directly nor by the relay; SSH to them works",
        "site", sites.block_tailnet, sites.remove_filter,
    ),
    "coordinator-blocked": Fault(
        "the site's hosts don't reach headscale, nor the relay beside it; direct paths stay up",
        "site", sites.block_coordinator, sites.remove_filter,
    ),
    "hard-nat": Fault(
        "the router's NAT takes another port for each destination and lets in only answers: hole punching fails",
        "site", sites.randomize_ports, sites.restore_nat,
    ),
    "small-mtu": Fault(
        "the path between the site and the internet drops packets above 1100 bytes and sends no ICMP",
        "site", sites.shrink_mtu, sites.restore_mtu,
    ),
    "login-closed": Fault(
        "the gateway's router drops new connections to TCP 443, or to coordination_port",
        "", door.close_login, door.open_at(lambda context: context.gateway),
    ),
    "acme-closed": Fault(
        "the gateway's router drops new connections to TCP 80",
        "", door.close_acme, door.open_at(lambda context: context.gateway),
    ),
    "stun-closed": Fault(
        "the coordinator's router drops packets to UDP 3478 from addresses to which it sent nothing",
        "", door.close_stun, door.open_at(lambda context: context.coordinator),
    ),
    "wireguard-closed": Fault(
        "the host's router drops packets to UDP 41641 from addresses to which it sent nothing",
        "host", door.close_wireguard, door.open_at(lambda context: context.host),
    ),
    "name-elsewhere": Fault("the coordination name leads to another address", "", door.lead_elsewhere, door.restore_name),
    "name-twice": Fault("the coordination name leads to another address, too", "", door.add_address, door.restore_name),
    "name-ipv6": Fault("the coordination name has an AAAA record that leads nowhere", "", door.add_ipv6, door.restore_name),
    "latency": Fault("the site's link to the internet has 200 ms more delay", "site", sites.add_latency, sites.remove_impairment),
    "loss": Fault("the site's link to the internet loses 5 % more packets", "site", sites.add_loss, sites.remove_impairment),
    "mirror-gone": Fault(
        "no server of packages, files or images answers the site",
        "site", sites.block_mirrors, sites.remove_filter,
    ),
    "registry-gone": Fault("no image registry answers the site", "site", sites.block_registries, sites.remove_filter),
    "dns-broken": Fault(
        "the name server answers neither the host nor its pods",
        "host", sites.block_dns, sites.remove_filter,
    ),
    "host-gone": Fault("the host is powered off and stays off", "host", machines.switch_off, machines.switch_on),
    "clock-skew": Fault(
        "dynamically linked programs that start now (such as date) see a clock three minutes ahead",
        "host", machines.skew_clock, machines.unskew_clock,
    ),
    "ssh-slow": Fault(
        f"sshd waits {machines.SSH_WAITS} s before each command; pods and the tailnet work",
        "host", machines.slow_ssh, machines.quick_ssh,
    ),
    "disk-full": Fault("/var is a small file system with no room left", "host", machines.fill_disk, machines.free_disk),
    "file-changed": Fault(
        "a file that the deploy wrote was edited by hand",
        "host", machines.change_file, machines.restore_file,
    ),
    "port-exposed": Fault(
        f"a program listens on the host's public address, TCP port {machines.EXPOSED_PORT}, and the packet filter accepts it",
        "host", machines.expose_port, machines.close_port,
    ),
    "oracle-reject-rules": Fault(
        "the REJECT rules of Oracle's images stand before all others again",
        "host", machines.insert_reject_rules, machines.remove_rules,
    ),
    "foreign-chain": Fault(
        "another program's chain drops all forwarded packets",
        "host", machines.add_foreign_chain, machines.remove_foreign_chain,
    ),
    "lan-captured": Fault(
        "the routing rule that keeps the host's LAN out of the tailnet is missing",
        "host", machines.delete_lan_rule, machines.restore_lan_rule,
    ),
    "tailscaled-stopped": Fault(
        "tailscaled is stopped",
        "host", machines.stop_unit("tailscaled"), machines.start_unit("tailscaled"),
    ),
    "containerd-stopped": Fault(
        "containerd is stopped; pods keep running",
        "host", machines.stop_unit("containerd"), machines.start_unit("containerd"),
    ),
    "kubelet-stopped": Fault(
        "kubelet is stopped; pods keep running",
        "host", machines.stop_unit("kubelet"), machines.start_unit("kubelet"),
    ),
    "route-withdrawn": Fault(
        "the host no longer advertises its LAN address and LAN routes to the tailnet",
        "host", tailnet.withdraw_lan_routes, tailnet.restore_routes,
    ),
    "pod-route-withdrawn": Fault(
        "the host no longer advertises its pods' network to the tailnet",
        "host", tailnet.withdraw_pod_route, tailnet.restore_routes,
    ),
    "route-unapproved": Fault(
        "headscale has approved none of the routes that the host advertises",
        "host", tailnet.unapprove_routes, tailnet.reapprove_routes,
    ),
    "routes-refused": Fault(
        "the host accepts no routes of other hosts",
        "host", tailnet.refuse_routes, tailnet.accept_routes,
    ),
    "headscale-stopped": Fault(
        "headscale is stopped on the coordinator",
        "", machines.stop_unit("headscale", "coordinator"), machines.start_unit("headscale", "coordinator"),
    ),
    "gateway-stopped": Fault(
        "nginx is stopped on the gateway",
        "", machines.stop_unit("nginx", "gateway"), machines.start_unit("nginx", "gateway"),
    ),
    "api-stopped": Fault(
        "the first control plane's API server has no manifest, so kubelet stops it",
        "", nodes.stop_api_server, nodes.start_api_server,
    ),
    "service-rules-gone": Fault(
        "kube-proxy hangs, and its rules for service addresses are missing",
        "host", tailnet.hang_kube_proxy, tailnet.restart_kube_proxy,
    ),
    "cluster-dns-gone": Fault(
        "CoreDNS has no pods",
        "", tailnet.stop_coredns, tailnet.start_coredns,
    ),
    "pods-cut-off": Fault(
        "a foreign packet filter drops traffic from the host's pods to pods on other nodes; the host itself reaches them",
        "host", pod_filters.drop_pod_traffic, pod_filters.remove,
    ),
    "pods-unrouted": Fault(
        "a routing rule discards traffic from the host's pods to pods on other nodes; the host itself reaches them",
        "host", machines.unroute_pods, machines.route_pods,
    ),
    "pods-small-packets": Fault(
        "a foreign packet filter drops packets above 1000 bytes from the host's pods to pods on other nodes",
        "host", pod_filters.drop_large, pod_filters.remove,
    ),
    "services-dropped": Fault(
        "a foreign packet filter drops traffic from the host's pods to port 80 of services, before kube-proxy's rules",
        "host", pod_filters.drop_services, pod_filters.remove,
    ),
    "upstream-dropped": Fault(
        "every node drops pods' DNS queries to servers outside the cluster",
        "", pod_filters.drop_upstream, pod_filters.remove_upstream,
    ),
    "lan-silent": Fault(
        "the host doesn't answer ping at its LAN address",
        "host", pod_filters.drop_lan_ping, pod_filters.remove,
    ),
    "guest-route": Fault(
        "the host has a route via a neighbour to another site's LAN, which the cloud's fabric ignores",
        "host", tailnet.add_guest_route, tailnet.remove_guest_route,
    ),
    "node-moved": Fault(
        "kubelet registers the host by its LAN address",
        "host", nodes.register_lan_address, nodes.restore_node_address,
    ),
    "kubelet-newer": Fault(
        "the host's kubelet reports a version one patch newer than the API server's",
        "host", nodes.run_newer_kubelet, nodes.run_packaged_kubelet,
    ),
    "image-gone": Fault(
        "a pod on the host has an image tag that no registry serves",
        "host", nodes.run_pod_of_missing_image, nodes.remove_pod,
    ),
    "image-foreign": Fault(
        "a pod on the host has an image for s390x only",
        "host", nodes.run_pod_of_foreign_image, nodes.remove_pod,
    ),
    "certificate-ending": Fault(
        "a certificate of the first control plane expires in ten days",
        "", expiry.shorten_certificate, expiry.restore_certificate,
    ),
    "key-ending": Fault(
        "an API key of headscale expires in a day",
        "", expiry.make_short_key, expiry.remove_short_key,
    ),
}  # fmt: skip
