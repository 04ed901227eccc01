"""The packet filters of faults, as nftables and iptables text. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network

from lab.world.plan import HostPlan, SitePlan
from lab.world.rules import WAN, Chains, own_addresses

NAME_SERVICE, STUN = 53, 3478
SMALL_MTU = 1100
HEADERS = 40  # of IP and TCP
SMALL_PACKET = 1000
# Before the router's own chains, so that nothing has accepted or translated the packet yet.
FORWARD = "filter hook forward priority -10"
SENT = "filter hook output priority -10"
TRANSLATED = "nat hook postrouting priority 90"
RECEIVED = "filter hook input priority -10"
# Before connections are tracked, and so before an address of a service becomes that of a pod.
ARRIVED = "filter hook prerouting priority -350"
TOO_BIG = "icmp type destination-unreachable icmp code frag-needed drop"
# In three rules: nft makes one comparison of two unequal ports that lie side by side, which then holds for every packet.
ALL_UDP = (f"udp dport {NAME_SERVICE} accept", f"udp sport {NAME_SERVICE} accept", "meta l4proto udp drop")


def forwarded(*rules: str) -> Chains:
    """What the router does with packets that it would forward."""
    return {"forward": (FORWARD, iter(rules))}


def to_addresses(addresses: Iterable[IPv4Address]) -> str:
    """All that goes there is dropped."""
    return f"ip daddr {{ {', '.join(map(str, addresses))} }} drop"


def to_service(address: IPv4Address, port: int) -> str:
    """TCP to that service is dropped."""
    return f"ip daddr {address} tcp dport {port} drop"


def names_of(host: HostPlan) -> str:
    """The host's questions for names are dropped."""
    return f"ip saddr {own_addresses(host)} meta l4proto {{ tcp, udp }} th dport {NAME_SERVICE} drop"


def port_by_destination(site: SitePlan) -> Chains:
    """A NAT that gives each connection a port of its own, and lets in only answers; STUN's server stays reachable."""
    outbound = (
        f'oifname "{WAN}" ip saddr {host.host.lan_address} meta l4proto udp snat to {host.public or host.way_in[0]} fully-random'
        for host in site.hosts
    )
    unsolicited = f'iifname "{WAN}" meta l4proto udp ct state new udp dport != {STUN} drop'
    return {"outbound": (TRANSLATED, outbound), "forward": (FORWARD, iter([unsolicited]))}


def silent_about_size() -> Chains:
    """Nobody hears that a packet was too big. TCP's segments are told to fit, as such routers do: else SSH would hang too."""
    clamp = f"tcp flags syn tcp option maxseg size set {SMALL_MTU - HEADERS}"
    return {"forward": (FORWARD, iter([clamp])), "sent": (SENT, iter([TOO_BIG]))}


def pods_cut_off(pods: IPv4Network) -> Chains:
    """Nothing from the bridge of the host's pods leaves for pods elsewhere."""
    return forwarded(f'iifname "cni0" oifname != "cni0" ip daddr {pods} drop')


def pods_small_packets(pods: IPv4Network) -> Chains:
    """Only small packets do."""
    return forwarded(f'iifname "cni0" oifname != "cni0" ip daddr {pods} meta length > {SMALL_PACKET} drop')


def services_dropped(services: IPv4Network) -> Chains:
    """Pods get no answer from web services."""
    return {"arrived": (ARRIVED, iter([f'iifname "cni0" ip daddr {services} tcp dport 80 drop']))}


def upstream_dropped(pods: IPv4Network, services: IPv4Network) -> Chains:
    """Pods get names of the cluster only."""
    outside = f"ip daddr != {{ {pods}, {services} }}"
    return forwarded(f'iifname "cni0" {outside} meta l4proto {{ tcp, udp }} th dport {NAME_SERVICE} drop')


def lan_silent(address: IPv4Address) -> Chains:
    """No ping at that address of the host is answered."""
    return {"received": (RECEIVED, iter([f"ip daddr {address} icmp type echo-request drop"]))}


def image_rules(text: str, ssh_port: int, mark: str) -> str:
    """For iptables-restore: an image's INPUT and FORWARD rules in front of all others, in their order, marked."""
    rules = [line.split(maxsplit=2) for line in text.replace("SSH_PORT", str(ssh_port)).splitlines()]
    ours = [(words[1], words[2]) for words in rules if words[0] == "-A" and words[1] in ("INPUT", "FORWARD")]
    lines = [f"-I {chain} 1 {inserted(rule, mark)}" for chain, rule in reversed(ours)]
    return "\n".join(["*filter", *lines, "COMMIT", ""])


def inserted(rule: str, mark: str) -> str:
    """The rule with a comment in front of its target."""
    return rule.replace("-j ", f"-m comment --comment {mark} -j ", 1)


def opened(port: int, mark: str) -> str:
    """For iptables-restore: everybody may call that port."""
    return f"*filter\n-I INPUT 1 {inserted(f'-p tcp -m tcp --dport {port} -j ACCEPT', mark)}\nCOMMIT\n"


def foreign_chain(chain: str) -> str:
    """For iptables-restore: a chain of another program that lets nothing through, asked first."""
    return f"*filter\n:{chain} - [0:0]\n-A {chain} -j DROP\n-I FORWARD 1 -j {chain}\nCOMMIT\n"
