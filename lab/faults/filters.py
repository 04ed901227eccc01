"""The packet filters of faults, as text for nftables and iptables. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network

from lab.world.plan import HostPlan, SitePlan
from lab.world.rules import WAN, Chains, own_addresses

NAME_SERVICE, STUN = 53, 3478
SMALL_MTU = 1100
HEADERS = 40  # of IP and TCP
SMALL_PACKET = 1000
# These run before the router's own chains, so nothing has accepted or translated the packet yet.
FORWARD = "filter hook forward priority -10"
OUTPUT = "filter hook output priority -10"
POSTROUTING = "nat hook postrouting priority 90"
INPUT = "filter hook input priority -10"
# Before conntrack, so before kube-proxy translates a service's address to a pod's.
PREROUTING = "filter hook prerouting priority -350"
DROP_FRAG_NEEDED = "icmp type destination-unreachable icmp code frag-needed drop"
# Three rules: for `sport != 53 dport != 53` nft compares both ports at once, which matches every packet.
ALL_UDP = (f"udp dport {NAME_SERVICE} accept", f"udp sport {NAME_SERVICE} accept", "meta l4proto udp drop")


def forward_chain(*rules: str) -> Chains:
    """Rules for packets that the router would forward."""
    return {"forward": (FORWARD, iter(rules))}


def drop_to_addresses(addresses: Iterable[IPv4Address]) -> str:
    """Drop everything to these addresses."""
    return f"ip daddr {{ {', '.join(map(str, addresses))} }} drop"


def drop_to_port(address: IPv4Address, port: int) -> str:
    """Drop TCP to this address and port."""
    return f"ip daddr {address} tcp dport {port} drop"


def close_port(host: HostPlan, protocol: str, port: int) -> str:
    """Drop packets from the internet that begin a connection with this port of the host, as a cloud's security list does."""
    return f'iifname "{WAN}" ip daddr {own_addresses(host)} {protocol} dport {port} ct state new drop'


def drop_dns_of(host: HostPlan) -> str:
    """Drop the host's DNS queries."""
    return f"ip saddr {own_addresses(host)} meta l4proto {{ tcp, udp }} th dport {NAME_SERVICE} drop"


def endpoint_dependent_nat(site: SitePlan) -> Chains:
    """NAT with a port for each connection that lets in only answers ("hard" NAT); the STUN server stays reachable."""
    outbound = (
        f'oifname "{WAN}" ip saddr {host.host.lan_address} meta l4proto udp snat to {host.public or host.ssh_endpoint[0]} fully-random'
        for host in site.hosts
    )
    unsolicited = f'iifname "{WAN}" meta l4proto udp ct state new udp dport != {STUN} drop'
    return {"outbound": (POSTROUTING, outbound), "forward": (FORWARD, iter([unsolicited]))}


def mtu_blackhole() -> Chains:
    """Drop ICMP "fragmentation needed". TCP's MSS is clamped, as such routers do: else SSH would hang, too."""
    clamp = f"tcp flags syn tcp option maxseg size set {SMALL_MTU - HEADERS}"
    return {"forward": (FORWARD, iter([clamp])), "sent": (OUTPUT, iter([DROP_FRAG_NEEDED]))}


def drop_pods(pods: IPv4Network) -> Chains:
    """Drop traffic from the host's pods to pods on other nodes."""
    return forward_chain(f'iifname "cni0" oifname != "cni0" ip daddr {pods} drop')


def drop_large_pod_packets(pods: IPv4Network) -> Chains:
    """Drop packets above SMALL_PACKET bytes from the host's pods to pods on other nodes."""
    return forward_chain(f'iifname "cni0" oifname != "cni0" ip daddr {pods} meta length > {SMALL_PACKET} drop')


def drop_web_services(services: IPv4Network) -> Chains:
    """Drop traffic from the host's pods to port 80 of services."""
    return {"arrived": (PREROUTING, iter([f'iifname "cni0" ip daddr {services} tcp dport 80 drop']))}


def drop_upstream_dns(pods: IPv4Network, services: IPv4Network) -> Chains:
    """Drop DNS queries from the host's pods to servers outside the cluster."""
    outside = f"ip daddr != {{ {pods}, {services} }}"
    return forward_chain(f'iifname "cni0" {outside} meta l4proto {{ tcp, udp }} th dport {NAME_SERVICE} drop')


def drop_ping(address: IPv4Address) -> Chains:
    """Drop ping to this address of the host."""
    return {"received": (INPUT, iter([f"ip daddr {address} icmp type echo-request drop"]))}


def image_rules(text: str, ssh_port: int, mark: str) -> str:
    """For iptables-restore: insert an image's INPUT and FORWARD rules before all others, in their order, with a comment."""
    rules = [line.split(maxsplit=2) for line in text.replace("SSH_PORT", str(ssh_port)).splitlines()]
    ours = [(words[1], words[2]) for words in rules if words[0] == "-A" and words[1] in ("INPUT", "FORWARD")]
    lines = [f"-I {chain} 1 {with_comment(rule, mark)}" for chain, rule in reversed(ours)]
    return "\n".join(["*filter", *lines, "COMMIT", ""])


def with_comment(rule: str, mark: str) -> str:
    """The rule with a comment before its target."""
    return rule.replace("-j ", f"-m comment --comment {mark} -j ", 1)


def accept_port(port: int, mark: str) -> str:
    """For iptables-restore: accept TCP to this port from everywhere."""
    return f"*filter\n-I INPUT 1 {with_comment(f'-p tcp -m tcp --dport {port} -j ACCEPT', mark)}\nCOMMIT\n"


def foreign_chain(chain: str) -> str:
    """For iptables-restore: a chain that drops everything, first in FORWARD."""
    return f"*filter\n:{chain} - [0:0]\n-A {chain} -j DROP\n-I FORWARD 1 -j {chain}\nCOMMIT\n"
