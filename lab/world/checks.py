"""What must be true of an inventory so that the lab can build its hosts."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

from cluster.problems import ModelError, Problem
from lab.mirror.request import machine_architecture
from lab.world import containers
from lab.world.images import ODDITY_PACKAGES
from lab.world.machines import KERNEL_WORDS
from lab.world.plan import HostPlan, WorldPlan

# What needs a kernel and a boot of its own, or packages that only machines' images have.
MACHINES_ONLY = (*KERNEL_WORDS, *ODDITY_PACKAGES)
VM = 'write "machine": "vm" in its `rehearsal`; `up --machines` makes machines of all hosts'


def check_hosts(world: WorldPlan) -> None:
    """ModelError with all problems, if the lab can't build a host as it is declared."""
    problems = [problem for host in world.hosts if not host.is_machine for problem in of_container(host)]
    problems += [problem for host in world.hosts for problem in of_firewalls(host)]
    problems += of_routers(world)
    if problems:
        raise ModelError(problems)


def of_routers(world: WorldPlan) -> Iterator[Problem]:
    """Two LANs behind one router are two sites with one public address."""
    for one, other in combinations(world.sites, 2):
        both = set(one.public_addresses) & set(other.public_addresses)
        if both:
            yield Problem(
                f"site {other.name}",
                f"it has the router of site {one.name}, at {min(both)}",
                "the lab gives each site a router of its own",
                f"rehearse with another public_address and ssh_hostname for the hosts of {other.name}",
            )


def of_firewalls(host: HostPlan) -> Iterator[Problem]:
    """Two programs that load the packet filter at boot."""
    if "ufw" in host.oddities and host.host.site.image == "oracle":
        why = "Debian's ufw and iptables-persistent, with which the image of Oracle loads its rules, exclude each other"
        yield Problem(
            f"host {host.name}", "it has 'ufw' in a site with Oracle's image", why, "leave one of the two out"
        )


def of_container(host: HostPlan) -> Iterator[Problem]:
    """What a host declares that a container can't have, and what a container needs that it does not declare."""
    where = f"host {host.name}"
    needed = {"container": "hosts of the lab are containers, unless they are declared as machines"}
    if not containers.CGROUP_V2.exists():
        needed["cgroup-v1"] = "this machine has cgroup v1, and so have the lab's containers"
    for exception, why in needed.items():
        if exception not in host.host.exceptions:
            fix = f"add {exception!r} to `exceptions` (in group_data/all.py for all hosts); it changes nothing for other hosts. Or {VM}"
            yield Problem(where, f"its `exceptions` lack {exception!r}", why, fix)
    if host.architecture != machine_architecture():
        why = f"a container's programs run on this machine's own processor, which is {machine_architecture()}"
        yield Problem(where, f"it is a container of {host.architecture}", why, VM)
    for oddity in host.oddities:
        if oddity in MACHINES_ONLY:
            yield Problem(
                where,
                f"it is a container with {oddity!r}",
                "a container has no kernel of its own, and the lab makes it no image of its own",
                VM,
            )
