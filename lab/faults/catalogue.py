"""All faults: what each does in one line, what it happens to, and the two functions that cause and undo it."""

from __future__ import annotations

from lab.faults import expiry, machines, nodes, pod_filters, sites, tailnet
from lab.faults.context import Fault

FAULTS: dict[str, Fault] = {
    "udp-blocked": Fault(
        "all UDP but name service is dropped at the site's router",
        "site", sites.block_udp, sites.lift_filter,
    ),
    "tailnet-blocked": Fault(
        "the site's hosts reach the others neither directly nor by the relay; SSH comes in",
        "site", sites.block_tailnet, sites.lift_filter,
    ),
    "coordinator-blocked": Fault(
        "the site's hosts don't reach headscale, nor the relay beside it; direct paths live on",
        "site", sites.block_coordinator, sites.lift_filter,
    ),
    "hard-nat": Fault(
        "the router's source port differs with each destination, and it lets in only answers: no hole can be punched",
        "site", sites.harden_nat, sites.soften_nat,
    ),
    "small-mtu": Fault(
        "packets above 1100 bytes are lost between the site and the internet, and no ICMP says so",
        "site", sites.shrink_mtu, sites.restore_mtu,
    ),
    "latency": Fault("the way between the site and the internet takes 200 ms more", "site", sites.slow_down, sites.relieve),
    "loss": Fault("5 % more are lost between the site and the internet", "site", sites.lose_frames, sites.relieve),
    "mirror-gone": Fault(
        "nothing that serves packages, files or images answers the site",
        "site", sites.block_mirrors, sites.lift_filter,
    ),
    "registry-gone": Fault("no registry of images answers the site", "site", sites.block_registries, sites.lift_filter),
    "dns-broken": Fault(
        "the name server does not answer the host, nor its pods",
        "host", sites.silence_names, sites.lift_filter,
    ),
    "host-gone": Fault("the host is switched off and stays off", "host", machines.take, machines.bring_back),
    "clock-skew": Fault(
        "programs that start now see a clock three minutes ahead (dynamic ones, such as date)",
        "host", machines.skew_clock, machines.set_clock,
    ),
    "disk-full": Fault("/var is a small file system with no room left", "host", machines.fill_disk, machines.empty_disk),
    "file-changed": Fault(
        "somebody has changed a file that the deploy wrote",
        "host", machines.change_file, machines.restore_file,
    ),
    "port-exposed": Fault(
        f"a program listens on the host's public address, TCP port {machines.EXPOSED_PORT}, and is let through",
        "host", machines.expose_port, machines.close_port,
    ),
    "oracle-reject-rules": Fault(
        "the REJECT rules of Oracle's images stand in front of all others again",
        "host", machines.reject_as_image, machines.remove_rules,
    ),
    "foreign-chain": Fault(
        "another program's chain drops all that the host would forward",
        "host", machines.put_foreign_chain, machines.remove_foreign_chain,
    ),
    "lan-captured": Fault(
        "the rule that keeps the host's LAN out of the tailnet is gone",
        "host", machines.release_lan, machines.keep_lan,
    ),
    "tailscaled-stopped": Fault(
        "tailscaled is stopped",
        "host", machines.stopping("tailscaled"), machines.starting("tailscaled"),
    ),
    "containerd-stopped": Fault(
        "containerd is stopped; pods run on",
        "host", machines.stopping("containerd"), machines.starting("containerd"),
    ),
    "kubelet-stopped": Fault(
        "kubelet is stopped; pods run on",
        "host", machines.stopping("kubelet"), machines.starting("kubelet"),
    ),
    "route-withdrawn": Fault(
        "the host no longer offers its LAN address and LAN routes to the tailnet",
        "host", tailnet.withdraw_lan, tailnet.offer_again,
    ),
    "pod-route-withdrawn": Fault(
        "the host no longer offers the network of its pods to the tailnet",
        "host", tailnet.withdraw_pods, tailnet.offer_again,
    ),
    "route-unapproved": Fault(
        "headscale has approved no route of the host, though it offers them",
        "host", tailnet.disapprove, tailnet.approve_again,
    ),
    "routes-refused": Fault(
        "the host accepts no routes of the others",
        "host", tailnet.refuse_routes, tailnet.accept_routes,
    ),
    "headscale-stopped": Fault(
        "headscale is stopped on the coordinator",
        "", machines.stopping("headscale"), machines.starting("headscale"),
    ),
    "service-rules-gone": Fault(
        "kube-proxy hangs, and its rules for service addresses are gone",
        "host", tailnet.remove_services, tailnet.bring_services_back,
    ),
    "cluster-dns-gone": Fault(
        "no pod of CoreDNS runs",
        "", tailnet.stop_cluster_names, tailnet.start_cluster_names,
    ),
    "pods-cut-off": Fault(
        "somebody's filter drops what the host's pods send to pods elsewhere; the host itself reaches everything",
        "host", pod_filters.cut_pods_off, pod_filters.lift,
    ),
    "pods-small-packets": Fault(
        "somebody's filter drops packets above 1000 bytes between the host's pods and those elsewhere",
        "host", pod_filters.drop_large, pod_filters.lift,
    ),
    "services-dropped": Fault(
        "somebody's filter drops what the host's pods send to port 80 of services, before kube-proxy's rules see it",
        "host", pod_filters.drop_services, pod_filters.lift,
    ),
    "upstream-dropped": Fault(
        "pods' questions to name servers outside of the cluster are dropped on every node",
        "", pod_filters.drop_upstream, pod_filters.lift_upstream,
    ),
    "lan-silent": Fault(
        "the host's LAN address answers no ping",
        "host", pod_filters.silence_lan, pod_filters.lift,
    ),
    "guest-route": Fault(
        "a route by a neighbour to another site's LAN, in a fabric that ignores it",
        "host", tailnet.add_guest_route, tailnet.remove_guest_route,
    ),
    "node-moved": Fault(
        "kubelet registers the host by its LAN address",
        "host", nodes.move, nodes.move_back,
    ),
    "kubelet-newer": Fault(
        "the host runs a kubelet that calls itself one patch newer than the API",
        "host", nodes.run_newer, nodes.run_own,
    ),
    "image-gone": Fault(
        "a pod on the host wants a tag that no registry has",
        "host", nodes.want_missing_image, nodes.remove_pod,
    ),
    "image-foreign": Fault(
        "a pod on the host wants an image that is made for s390x only",
        "host", nodes.want_foreign_image, nodes.remove_pod,
    ),
    "certificate-ending": Fault(
        "a certificate of the first control plane ends in ten days",
        "", expiry.shorten_certificate, expiry.restore_certificate,
    ),
    "key-ending": Fault(
        "a key of headscale's API ends in a day",
        "", expiry.make_short_key, expiry.remove_short_key,
    ),
}  # fmt: skip
