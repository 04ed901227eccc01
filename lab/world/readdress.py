"""Public addresses that a provider has changed: the world follows the inventory, the hosts stay as they are."""

from __future__ import annotations

from cluster.model import Cluster
from lab import mirror
from lab.failures import LabError
from lab.world import dns, network, operator
from lab.world.plan import WorldPlan, plan
from lab.world.state import Run


def readdress(place: Run, declared: Cluster) -> None:
    """Lead the public addresses that the inventory has now to their hosts, and the old ones nowhere; names and the operator follow."""
    # The operator stays where it is, though it would stand elsewhere in a new world.
    declared = declared.model_copy(update={"api_access": place.cluster().api_access})
    old, new = (plan(place.name, cluster, mirror.NAMES) for cluster in (place.cluster(), declared))
    if fixed_parts(old) != fixed_parts(new):
        raise LabError(
            f"lab {place.name}", "differs from the inventory in more than public addresses", "its hosts and networks are made already",
            "take it down and up again; what hosts have themselves, without a router that translates, stays too",
        )  # fmt: skip
    for before, after in zip(old.sites, new.sites, strict=True):
        network.readdress(new, before, after)
    place.save_cluster(declared)
    operator.write_ssh_config(place, new)
    place.stop("dns")
    dns.start(place, new)


def fixed_parts(world: WorldPlan) -> object:
    """All of the world that can't be changed while it is there."""
    hosts = [
        (host.name, host.host.site.site, host.host.lan_address, host.public if host.host.site.nat == "none" else None)
        for host in world.hosts
    ]
    sites = [(site.site.lan, site.site.nat, site.site.fabric, site.gateway, site.transit) for site in world.sites]
    return world.network, world.names, hosts, sites
