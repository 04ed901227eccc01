"""The network namespaces of a world: the core, a router and a wire for each site, the operator, the hosts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from ipaddress import IPv4Address

from lab.commands import inside, ip, nft, run, sysctl
from lab.world.plan import HostPlan, SitePlan, WorldPlan
from lab.world.rules import TABLE, WAN, operator_rules, router_rules

OPERATOR_PORT = "op"
LAN = "lan"
UPLINK = "eth0"
CARD = "tap0"  # the machine's end of a virtual machine's network card
NEAR, FAR = "near", "far"  # a wire's ends: the site's side, the internet's side
ROUTING = {
    "net.ipv4.ip_forward": 1,
    "net.ipv4.conf.all.rp_filter": 0,
    "net.ipv4.conf.default.rp_filter": 0,
    # A router on a stick would send redirects, so that hosts bypass it.
    "net.ipv4.conf.all.send_redirects": 0,
    "net.ipv4.conf.default.send_redirects": 0,
    "net.ipv6.conf.all.disable_ipv6": 1,
    "net.ipv6.conf.default.disable_ipv6": 1,
}
# A namespace starts with the machine's own values; a host starts with the kernel's.
HOST_DEFAULTS = {
    "net.ipv4.ip_forward": 0,
    "net.ipv4.conf.all.rp_filter": 0,
    "net.ipv4.conf.default.rp_filter": 0,
    "net.ipv6.conf.all.forwarding": 0,
}
# A switch passes frames and has no addresses of its own.
SWITCH = {
    "net.bridge.bridge-nf-call-iptables": 0,
    **{f"net.ipv6.conf.{name}.disable_ipv6": 1 for name in ("all", UPLINK, CARD, LAN)},
}


def build(world: WorldPlan, make: Callable[[str], None]) -> None:
    """Create all networks but the hosts' own; `make` creates a namespace and records it for removal."""
    for name in (world.core, world.operator_namespace, world.operator_wire):
        make(name)
        sysctl(name, ROUTING)
    ip(world.core, _core(world))
    _operator(world)
    for site in world.sites:
        for name in (site.router, site.wire):
            make(name)
            sysctl(name, ROUTING)
        ip(site.wire, _wire(world, site.core_port, site.router, WAN))
        ip(site.router, _router(world, site))
        bridged = {"net.bridge.bridge-nf-call-iptables": 0}
        sysctl(site.router, bridged)
        sysctl(site.wire, bridged)
        nft(site.router, router_rules(site))
        ip(world.core, _routes_to(site))


def _core(world: WorldPlan) -> Iterator[str]:
    """The core has the addresses of the name server and the mirror, and a blackhole route for unknown ones."""
    yield "link set lo up"
    for address in (world.core_address, world.dns, *world.names.values()):
        yield f"address add {address}/32 dev lo"
    yield "route add blackhole default"


def _operator(world: WorldPlan) -> None:
    ip(world.operator_wire, _wire(world, OPERATOR_PORT, world.operator_namespace, UPLINK))
    sysctl(world.operator_wire, {"net.bridge.bridge-nf-call-iptables": 0})
    ip(
        world.operator_namespace,
        [
            "link set lo up",
            f"address add {world.operator}/32 dev {UPLINK}",
            f"link set {UPLINK} up",
            *_default_route(world, UPLINK),
        ],
    )
    ip(world.core, [f"link set {OPERATOR_PORT} up", f"route add {world.operator}/32 dev {OPERATOR_PORT}"])
    nft(world.operator_namespace, operator_rules(world))


def _default_route(world: WorldPlan, interface: str) -> list[str]:
    return [
        f"route add {world.core_address}/32 dev {interface}",
        f"route add default via {world.core_address} dev {interface}",
    ]


def _wire(world: WorldPlan, core_port: str, inside: str, port: str) -> Iterator[str]:
    """A bridge joins the ends; lab.world.netem replaces it while the link has delay or loss."""
    yield "link set lo up"
    yield f"link add {FAR} type veth peer name {core_port} netns {world.core}"
    yield f"link add {NEAR} type veth peer name {port} netns {inside}"
    yield "link add through type bridge"
    for name in (FAR, NEAR, "through"):
        yield f"link set {name} up"
    for name in (FAR, NEAR):
        yield f"link set {name} master through"


def _router(world: WorldPlan, site: SitePlan) -> Iterator[str]:
    yield "link set lo up"
    yield f"link set {WAN} up"
    yield f"address add {site.transit}/32 dev {WAN}"
    if site.site.nat == "masquerade":
        for address in site.public_addresses:
            yield f"address add {address}/32 dev {WAN}"
    yield from _default_route(world, WAN)
    if site.site.fabric == "switched":
        yield f"link add {LAN} type bridge"
        yield f"link set {LAN} up"
        if not site.is_gateway_outside:
            yield f"address add {site.gateway}/{site.site.lan.prefixlen} dev {LAN}"
    else:
        yield f"address add {site.gateway}/32 dev lo"


def _routes_to(site: SitePlan) -> Iterator[str]:
    yield f"link set {site.core_port} up"
    yield f"route add {site.transit}/32 dev {site.core_port}"
    for address in site.public_addresses:
        yield f"route add {address}/32 via {site.transit} dev {site.core_port}"


def attach_host(site: SitePlan, host: HostPlan, make: Callable[[str], None]) -> None:
    """Create a host's network namespace for a boot, and connect it to its port on the router."""
    make(host.namespace)
    if host.is_machine:
        ip(host.namespace, _switch(site, host))
        sysctl(host.namespace, SWITCH)
    else:
        sysctl(host.namespace, HOST_DEFAULTS)
        ip(host.namespace, _host(site, host))
    inside_router = [f"link set {host.port} up"]
    if site.site.fabric == "switched":
        inside_router.append(f"link set {host.port} master {LAN}")
        if site.is_gateway_outside:
            inside_router.append(f"route replace {host.host.lan_address}/32 dev {LAN}")
    else:
        inside_router.append(f"route add {host.host.lan_address}/32 dev {host.port}")
    if own := own_address(site, host):
        inside_router.append(f"route add {own}/32 via {host.host.lan_address} dev {_toward(site, host)}")
    ip(site.router, inside_router)
    if site.site.fabric == "routed":
        # With the default proxy_delay, proxy ARP answers after up to 0.8 s.
        sysctl(site.router, {f"net.ipv4.conf.{host.port}.proxy_arp": 1, f"net.ipv4.neigh.{host.port}.proxy_delay": 0})


def readdress(world: WorldPlan, before: SitePlan, after: SitePlan) -> None:
    """Route a site's new public addresses to it, remove the old ones, and flush the connections that used them."""
    gone = [address for address in before.public_addresses if address not in after.public_addresses]
    come = [address for address in after.public_addresses if address not in before.public_addresses]
    ip(
        world.core,
        [
            *(f"route del {address}/32 dev {after.core_port}" for address in gone),
            *(f"route add {address}/32 via {after.transit} dev {after.core_port}" for address in come),
        ],
    )
    if after.site.nat == "masquerade":
        ip(after.router, [f"address del {address}/32 dev {WAN}" for address in gone])
        ip(after.router, [f"address add {address}/32 dev {WAN}" for address in come])
    nft(after.router, f"delete table ip {TABLE}\n{router_rules(after)}")
    if gone:
        inside(after.router, ["conntrack", "-F"])


def own_address(site: SitePlan, host: HostPlan) -> IPv4Address | None:
    """The public address that a host itself has, in addition to its LAN address; None if a router translates it."""
    return host.public if site.site.nat == "none" and host.public != host.host.lan_address else None


def _switch(site: SitePlan, host: HostPlan) -> Iterator[str]:
    """A virtual machine's namespace is a switch between its port on the router and its network card."""
    yield "link set lo up"
    yield f"link add {UPLINK} type veth peer name {host.port} netns {site.router}"
    yield f"link add {LAN} type bridge mcast_snooping 0"
    yield f"tuntap add {CARD} mode tap"
    for name in (UPLINK, CARD):
        yield f"link set {name} master {LAN}"
    for name in (UPLINK, CARD, LAN):
        yield f"link set {name} up"


def _toward(site: SitePlan, host: HostPlan) -> str:
    return LAN if site.site.fabric == "switched" else host.port


def _host(site: SitePlan, host: HostPlan) -> Iterator[str]:
    lan = host.host.lan_address
    own = own_address(site, host)
    yield "link set lo up"
    yield f"link add {UPLINK} address {host.mac} type veth peer name {host.port} netns {site.router}"
    yield f"address add {lan}/{site.site.lan.prefixlen} broadcast + dev {UPLINK}"
    if own:
        yield f"address add {own}/32 dev {UPLINK}"
    yield f"link set {UPLINK} up"
    if site.is_gateway_outside:
        yield f"route add {site.gateway}/32 dev {UPLINK}"
    yield f"route add default via {site.gateway} dev {UPLINK}{f' src {own}' if own else ''}"


def namespaces() -> set[str]:
    """The network namespaces of this machine, by name."""
    return {line.split()[0] for line in run(["ip", "netns", "list"]).splitlines() if line}


def processes(namespace: str) -> list[int]:
    """The processes in a network namespace."""
    return [int(word) for word in run(["ip", "netns", "pids", namespace], check=False).split()]
