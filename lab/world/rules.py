"""The packet filters of routers, as nftables text. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from lab.world.plan import HostPlan, SitePlan, WorldPlan, redirected_hosts

WAN = "wan"  # a router's interface to the internet
SSH = 22
TABLE = "lab"
Chains = dict[str, tuple[str, Iterator[str]]]  # a chain's name → its hook and its rules


def router_rules(site: SitePlan) -> str:
    """The NAT, source checks and filters of a site's router."""
    chains: Chains = {
        "spoofed": ("filter hook prerouting priority raw", _sources(site)),
        "inbound": ("nat hook prerouting priority dstnat", _inbound(site)),
        "outbound": ("nat hook postrouting priority srcnat", _outbound(site)),
        "forward": ("filter hook forward priority filter", _forward(site)),
        "input": ("filter hook input priority filter", _unsolicited(site)),
    }
    return table(TABLE, chains)


def operator_rules(world: WorldPlan) -> str:
    """Redirect the operator's calls to an address inside a LAN to the site's public address."""
    lines = (
        f"ip daddr {called} tcp dport {host.host.ssh_port} dnat to {host.ssh_endpoint[0]}:{host.ssh_endpoint[1]}"
        for host, called in redirected_hosts(world)
    )
    return table(TABLE, {"outbound": ("nat hook output priority -100", lines)})


def table(name: str, chains: Chains) -> str:
    """An nftables table of IPv4 with these chains."""
    lines = [f"table ip {name} {{"]
    for chain, (hook, rules) in chains.items():
        lines += [f"  chain {chain} {{", f"    type {hook};", *(f"    {rule}" for rule in rules), "  }"]
    return "\n".join([*lines, "}", ""])


def _is_translated(host: HostPlan) -> bool:
    """Whether the router translates its public address one to one."""
    return host.host.site.nat == "one_to_one" and host.public is not None


def own_addresses(host: HostPlan) -> str:
    """The addresses of a host's interface, as an nftables set."""
    public = host.public if host.host.site.nat == "none" else None
    addresses = dict.fromkeys(filter(None, (host.host.lan_address, public)))
    return f"{{ {', '.join(map(str, addresses))} }}"


def _sources(site: SitePlan) -> Iterator[str]:
    """In a routed fabric, drop packets from an address that the host does not have."""
    if site.site.fabric == "routed":
        for host in site.hosts:
            yield f'iifname "{host.port}" ip saddr != {own_addresses(host)} drop'


def _inbound(site: SitePlan) -> Iterator[str]:
    for host in site.hosts:
        if _is_translated(host):
            yield f"ip daddr {host.public} dnat to {host.host.lan_address}"
        elif site.site.nat != "none":
            address, port = host.ssh_endpoint
            yield f'iifname "{WAN}" ip daddr {address} tcp dport {port} dnat to {host.host.lan_address}:{SSH}'
        for number, protocol in (one.split("/") for one in host.host.forwarded_ports):
            way = f'iifname "{WAN}" ip daddr {host.host.public_address} {protocol} dport {number}'
            yield f"{way} dnat to {host.host.lan_address}:{number}"


def _outbound(site: SitePlan) -> Iterator[str]:
    for host in site.hosts:
        lan = host.host.lan_address
        if _is_translated(host):
            # Hairpin: a neighbour that calls the public address must come from its own public one, else STUN reports the private one.
            yield f"ct status dnat ip saddr {lan} snat to {host.public}"
            yield f'oifname "{WAN}" ip saddr {lan} snat to {host.public}'
        elif site.site.nat != "none":
            yield f'oifname "{WAN}" ip saddr {lan} snat to {host.ssh_endpoint[0]}'


def _forward(site: SitePlan) -> Iterator[str]:
    if site.blocked:
        yield f"ip daddr {{ {', '.join(map(str, site.blocked))} }} drop"
    if site.site.fabric == "routed":
        for host in site.hosts:
            yield f'oifname "{host.port}" ip daddr != {own_addresses(host)} drop'
    if site.site.nat == "masquerade":
        yield f'iifname "{WAN}" ct state established,related accept'
        yield f'iifname "{WAN}" ct status dnat accept'
        yield f'iifname "{WAN}" drop'


def _unsolicited(site: SitePlan) -> Iterator[str]:
    """Drop unsolicited packets in `input`, too: else their conntrack entries stay, masquerade takes another port, and hole punching fails."""
    if site.site.nat == "masquerade":
        yield f'iifname "{WAN}" ct state established,related accept'
        yield f'iifname "{WAN}" drop'
