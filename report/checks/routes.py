"""Routes that hosts advertise, that headscale approves and serves, and that the other hosts accept."""

from __future__ import annotations

from collections.abc import Iterator

from cluster.addresses import is_within
from cluster.documents.routes import advertised, kept_local
from cluster.model import Host
from cluster.observed.headscale import Node
from report.checks.groups import NETWORK, ROUTES
from report.checks.hosts import DEPLOY
from report.findings import Deviation, View, check, deviation
from report.measurement import HostMeasured
from report.trace import TUNNEL

SHOWN = 4  # routes that a finding names


@check(
    "route-not-advertised",
    depends_on=("host-unreachable", "host-slow", "tailnet-down", "path-blocked", "headscale-unreachable"),
    anywhere=("headscale-health",),
)
def not_advertised(view: View) -> Iterator[Deviation]:
    """The host does not advertise a route that it should."""
    for host in view.hosts():
        if host.prefs is None:
            continue
        missing = [route for route in wanted(view, host) if route not in host.prefs.advertise_routes]
        if missing:
            yield deviation(
                host.name,
                f"it does not advertise {', '.join(missing)} to the tailnet",
                "somebody has changed the routes of its tailscale client since the deploy",
                f"{DEPLOY}; its routes now: tailscale debug prefs | grep -A9 AdvertiseRoutes",
                host.evidence.get("table-52"),
            )


@check(
    "route-not-approved",
    depends_on=(
        "host-unreachable",
        "host-slow",
        "tailnet-down",
        "path-blocked",
        "headscale-unreachable",
        "route-not-advertised",
    ),
    anywhere=("headscale-health",),
)
def not_approved(view: View) -> Iterator[Deviation]:
    """headscale does not serve a route that the host advertises."""
    for node in mesh(view):
        refused = [route for route in node.available if route not in (*node.approved, *node.served)]
        if refused:
            yield deviation(
                node.hostname,
                f"headscale has not approved {', '.join(refused)}",
                "the policy's autoApprovers don't contain the route, or the approval was withdrawn by hand",
                f"{DEPLOY}; the state of each route, on {view.cluster.coordinator.name}: headscale nodes list-routes",
            )


@check(
    "route-not-accepted",
    depends_on=(
        "host-unreachable",
        "host-slow",
        "tailnet-down",
        "path-blocked",
        "headscale-unreachable",
        "route-not-advertised",
        "route-not-approved",
    ),
    anywhere=("headscale-health",),
)
def not_accepted(view: View) -> Iterator[Deviation]:
    """The host does not use the routes of the other hosts."""
    served = [(node.hostname, route) for node in mesh(view) if node.online for route in node.served]
    for host in view.hosts():
        if host.tailnet is None or host.tailnet.state != "Running" or host.accepted_routes is None:
            continue
        if host.prefs and not host.prefs.accept_routes:
            yield _accepts_none(host)
        elif missing := _missing(host.name, host.accepted_routes, served):
            yield _lacks(host, missing)


def _missing(name: str, accepted: tuple[str, ...], served: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Owner and route, for each route of another host that `accepted` does not contain."""
    return [(owner, route) for owner, route in served if owner != name and not is_within(route, accepted)]


def _accepts_none(host: HostMeasured) -> Deviation:
    return deviation(
        host.name,
        "it accepts no routes of other hosts",
        "its tailscale client has accept-routes off",
        f"{DEPLOY}, or on {host.name}: tailscale set --accept-routes",
        host.evidence.get("table-52"),
    )


def _lacks(host: HostMeasured, missing: list[tuple[str, str]]) -> Deviation:
    """About the owners of the routes, too: if all missing routes have one owner, the cause may be there."""
    owners = dict.fromkeys(owner for owner, _ in missing)
    return deviation(
        (host.name, *owners),
        f"served, but not in its routing table 52: {', '.join([route for _, route in missing][:SHOWN])}",
        "its tailscale client has not applied the change: it is cut off from the coordinator, or hangs",
        f"on {host.name}: tailscale status; systemctl restart tailscaled",
        host.evidence.get("table-52"),
        where=host.name,
        caused_by=(host.name,),
    )


@check("lan-overlap")
def lan_overlap(view: View) -> Iterator[Deviation]:
    """The host's own LAN is routed into the tunnel, or the LANs of two sites overlap."""
    ambiguous = [site.site for site in view.cluster.ambiguous_sites]
    if ambiguous:
        yield deviation(
            (),
            f"the LANs of {', '.join(ambiguous)} overlap",
            "an address there is ambiguous: these LAN addresses are not advertised to the tailnet",
            "use tailnet addresses, or give one of the sites another LAN",
            where=", ".join(ambiguous),
            severity="warning",
        )
    for host in view.hosts():
        if host.routing is not None:
            lans = kept_local(view.cluster, view.cluster.host(host.name))
            yield from (_captured(view, host, str(lan)) for lan in lans if str(lan) not in host.routing.kept_local)


@check("lan-path", depends_on=(*NETWORK, "tailnet-down", "path-blocked", *ROUTES), anywhere=("headscale-health",))
def lan_path(view: View) -> Iterator[Deviation]:
    """A host's LAN address does not answer."""
    for host in view.hosts():
        for other, answered in host.lan_answers.items():
            target = view.cluster.host(other)
            if answered or target.name not in view.cluster.advertised_lan_addresses:
                continue
            device = host.lan_devices.get(other, "nothing")
            same = target.site.site == host.site
            yield deviation(
                (host.name, other),
                f"{target.lan_address} does not answer; packets to it leave by {device}",
                "the LAN or its security list drops it"
                if same and device != TUNNEL
                else _why_no_lan(host, target, device),
                f"on {host.name}: ip route get {target.lan_address}; ping {target.lan_address}",
                host.evidence.get("lan-routes"),
                host.evidence.get("lan"),
            )


@check("vcn-next-hop", explains=("lan-path",))
def next_hop(view: View) -> Iterator[Deviation]:
    """A cloud network that is a layer-3 fabric ignores the next hop of a guest's route."""
    for host in view.hosts():
        declared = view.cluster.host(host.name)
        if declared.site.fabric != "routed":
            continue
        neighbours = {str(other.lan_address): other for other in view.cluster.hosts_of(declared.site)}
        for destination, hop in host.next_hops.items():
            if hop in neighbours and destination != "default":
                yield _fabric(
                    host, neighbours[hop], [destination], f"its route to {destination} via {hop} leads nowhere"
                )
        silent = sorted(
            {
                at
                for other in view.hosts()
                for at, ok in other.far_answers.items()
                if not ok and is_within(at, declared.lan_routes)
            }
        )
        if silent:
            far = [
                str(view.cluster.tailnet_cidr),
                *(str(site.lan) for site in view.cluster.sites if site.site != host.site),
            ]
            yield _fabric(host, declared, far, f"{', '.join(silent)} behind it does not answer other sites")


def _fabric(host: HostMeasured, router: Host, destinations: list[str], what: str) -> Deviation:
    rules = "; ".join(
        f"destination {at} → target type Private IP, {router.lan_address} ({router.name})" for at in destinations
    )
    return deviation(
        host.name,
        what,
        "the network is a layer-3 fabric: it uses the subnet's route table and ignores a guest's next hop",
        f"add to the subnet's route table: {rules}; and on {router.name}'s VNIC: oci network vnic update --vnic-id OCID "
        f"--skip-source-dest-check true; or reach it through the tailnet, and remove the route",
        host.evidence.get("main-table"),
        host.evidence.get("far"),
    )


def wanted(view: View, host: HostMeasured) -> list[str]:
    """The routes that `host` should advertise: its own, and the network of its pods."""
    routes = [str(route) for route in advertised(view.cluster, view.cluster.host(host.name))]
    return [*routes, host.pod_cidr] if host.pod_cidr and view.cluster.pod_network == "routed" else routes


def mesh(view: View) -> tuple[Node, ...]:
    """The cluster's machines, as headscale knows them."""
    center = view.measured.coordination
    known = {host.name for host in view.cluster.hosts}
    return tuple(node for node in (center.nodes or ()) if node.hostname in known) if center else ()


def _captured(view: View, host: HostMeasured, lan: str) -> Deviation:
    inside = [
        other
        for other, device in host.lan_devices.items()
        if device == TUNNEL and view.cluster.host(other).site.site == host.site
    ]
    what = (
        f"packets to its own LAN go into the tunnel: {', '.join(inside)}"
        if inside
        else "nothing keeps its own LAN out of the tunnel"
    )
    return deviation(
        host.name,
        what,
        f"the rule `to {lan} lookup main` (priority 2500) is missing, and tailscale's table 52 precedes the main one",
        f"on {host.name}: ip rule add to {lan} priority 2500 lookup main; and {DEPLOY}, which makes it permanent",
        host.evidence.get("rules"),
        host.evidence.get("lan-routes"),
    )


def _why_no_lan(host: HostMeasured, target: Host, device: str) -> str:
    if device != TUNNEL:
        return "its route is not in table 52: it is not advertised, not approved, or not accepted"
    if host.path_kind(target.name) == "none":
        return "the tailnet has no path to it"
    return "it goes into the tunnel, but the other host or a filter there drops it: the sender's address must be approved too"
