"""Change public addresses as a provider does: networks follow the inventory, the hosts stay as they are."""

from __future__ import annotations

from cluster.model import Cluster
from lab import mirror
from lab.failures import LabError
from lab.world import dns, network, operator
from lab.world.network import own_address
from lab.world.plan import WorldPlan, as_machines, plan
from lab.world.state import Run


def readdress(lab: Run, declared: Cluster) -> None:
    """Route the inventory's new public addresses to their hosts, and update DNS and the operator's SSH configuration.

    LabError if anything else has changed.
    """
    # The operator keeps its address, though a new world might have another.
    declared = declared.model_copy(update={"api_access": lab.cluster().api_access})
    if lab.state.get("machines"):
        declared = as_machines(declared)
    old, new = (plan(lab.name, cluster, mirror.NAMES) for cluster in (lab.cluster(), declared))
    if fixed_parts(old) != fixed_parts(new):
        raise LabError(
            f"lab {lab.name}", "differs from the inventory in more than public addresses", "its hosts and networks are made already",
            "take it down and up again; a public address on the host itself (nat = none) can't be changed either",
        )  # fmt: skip
    for before, after in zip(old.sites, new.sites, strict=True):
        network.readdress(new, before, after)
    lab.save_cluster(declared)
    operator.write_ssh_config(lab, new)
    lab.stop("dns")
    dns.start(lab, new)


def fixed_parts(world: WorldPlan) -> object:
    """All of a world that can't change while it is up."""
    hosts = [
        (
            host.name,
            host.is_machine,
            host.architecture,
            host.host.site.site,
            host.host.lan_address,
            own_address(site, host),
        )
        for site in world.sites
        for host in site.hosts
    ]
    sites = [(site.site.lan, site.site.nat, site.site.fabric, site.gateway, site.transit) for site in world.sites]
    return world.network, world.names, hosts, sites
