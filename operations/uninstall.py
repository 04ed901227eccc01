"""What this project, Kubernetes and flannel leave on a host, taken away; nothing of others is touched."""

from __future__ import annotations

import shlex
from collections.abc import Generator, Sequence
from ipaddress import IPv4Network

from pyinfra import host
from pyinfra.api import StringCommand, operation

from cluster.documents import flannel
from cluster.documents.hosts_file import with_block
from cluster.documents.iptables import corrected
from cluster.documents.iptables_cleanup import TABLES, removal
from engine.fail import fail
from facts.cni import LISTING, Plugins
from facts.dpkg import Packages
from facts.files import Content
from facts.machine import DisabledSwap
from facts.network import CLAMP_TABLE, RULE_PRIORITY, RULES_V4, Forwarding, NftTables, PodRoutes, Saved
from facts.paths import Links, Present
from facts.systemd import State
from operations.apt import APT_GET
from operations.files import in_place

LINKS = ("cni0", flannel.VXLAN_LINK, "flannel-v6.1")
CLAMP = ("inet", CLAMP_TABLE)


@operation()
def pod_network(pod_cidr: IPv4Network) -> Generator[StringCommand, None, None]:
    """
    Take away the pods' bridge, flannel's link, and its routes.

    + pod_cidr: network of all pods
    """
    links, routes = host.get_fact(Links, names=LINKS), host.get_fact(PodRoutes)
    if links is None or routes is None:
        yield fail("the host's network could not be read")
        return
    own = [route for route in routes if route[:1].isdigit() and IPv4Network(route).subnet_of(pod_cidr)]
    commands = [f"ip link delete {link}" for link in links] + [f"ip route delete blackhole {route}" for route in own]
    if not commands:
        host.noop("no pod network is left")
        return
    yield StringCommand("; ".join(["set -e", *commands]))


@operation()
def links(names: Sequence[str]) -> Generator[StringCommand, None, None]:
    """
    Take network links away, and the routes through them.

    + names: of the links
    """
    found = host.get_fact(Links, names=list(names))
    if found is None:
        yield fail("the host's links could not be read")
    elif found:
        yield StringCommand("; ".join(["set -e", *(f"ip link delete {shlex.quote(link)}" for link in found)]))
    else:
        host.noop("they are not there")


@operation()
def packet_filters(keep_tailnet: bool) -> Generator[StringCommand, None, None]:
    """
    Take our chains, rules and tables out of the host's packet filters, line by line; all others stay as they are.

    + keep_tailnet: what admits the tailnet stays
    """
    saved, tables = host.get_fact(Saved), host.get_fact(NftTables)
    if saved is None or tables is None:
        yield fail("the host's packet filters could not be read")
        return
    inputs = {tool: removal(lines, with_marked=not keep_tailnet) for tool, lines in saved.items()}
    ours = [table for table in tables if table in TABLES or (table == CLAMP and not keep_tailnet)]
    script = "".join(
        f"{tool}-restore -w --noflush <<'END-OF-RULES'\n{text}END-OF-RULES\n" for tool, text in inputs.items() if text
    )
    script += "".join(f"nft delete table {family} {name}\n" for family, name in ours)
    if not script:
        host.noop("nothing of ours is in the packet filters")
        return
    yield StringCommand("sh -s", _stdin=f"set -e\n{script}")


@operation()
def saved_rules() -> Generator[StringCommand, None, None]:
    """Take our lines out of the rules that the image loads at boot."""
    lines = host.get_fact(Content, path=RULES_V4)
    if lines is None:
        yield fail(f"{RULES_V4} could not be read")
        return
    text = "".join(f"{line}\n" for line in lines)
    without = corrected(text, [])
    if without == text:
        host.noop("nothing of ours is in the rules for the next boot")
        return
    yield StringCommand("sh -s", _stdin=in_place(RULES_V4, without))


@operation()
def routing_rules() -> Generator[StringCommand, None, None]:
    """Take away the rules that kept the host's own networks out of the tailnet."""
    found = host.get_fact(Forwarding)
    if found is None:
        yield fail("the host's routing could not be read")
        return
    if not found.kept_local:
        host.noop("no routing rule of ours is left")
        return
    yield StringCommand(
        "; ".join(f"ip -4 rule del to {network} priority {RULE_PRIORITY}" for network in found.kept_local)
    )


@operation()
def units(names: Sequence[str]) -> Generator[StringCommand, None, None]:
    """
    Stop services, and have them not start again.

    + names: units, with their suffix
    """
    found = {name: host.get_fact(State, unit=name) for name in names}
    if None in found.values():
        yield fail("the state of services could not be read")
        return
    there = [name for name, unit in found.items() if unit and unit.loaded and (unit.active or unit.enabled)]
    if not there:
        host.noop("they don't run")
        return
    yield StringCommand(f"systemctl disable --quiet --now {' '.join(map(shlex.quote, there))}")


@operation()
def packages(names: Sequence[str], released: Sequence[str] = ()) -> Generator[StringCommand, None, None]:
    """
    Remove packages that serve nothing else, with their settings, and let others be upgraded again.

    + names: those to remove
    + released: those that stay, and shall not be held any more
    """
    found = host.get_fact(Packages, names=[*names, *released])
    if found is None:
        yield fail("dpkg could not be asked; is another package manager at work?")
        return
    held = [name for name, package in found.items() if package and package.held]
    there = [name for name in names if found[name]]
    if held:
        yield StringCommand(f"apt-mark unhold {' '.join(held)}")
    if there:
        yield StringCommand(f"{APT_GET} purge {' '.join(there)}")
    if not held and not there:
        host.noop("they are not there")


@operation()
def absent(paths: Sequence[str], services: Sequence[str] = ()) -> Generator[StringCommand, None, None]:
    """
    Remove files and folders.

    + paths: shell patterns without quotes or spaces
    + services: units that read them, restarted where they run
    """
    found = host.get_fact(Present, paths=list(paths))
    if found is None:
        yield fail("files could not be listed")
        return
    if not found:
        host.noop("nothing is left")
        return
    quoted = " ".join(shlex.quote(path) for path in found)
    yield StringCommand(f"rm -rf --one-file-system -- {quoted}; systemctl daemon-reload")
    for unit in services:
        yield StringCommand(f"if systemctl is-active --quiet {unit}; then systemctl restart {unit}; fi")


@operation()
def plugins() -> Generator[StringCommand, None, None]:
    """Remove the CNI plugins that were unpacked, by the list kept beside them; plugins of others stay."""
    found = host.get_fact(Plugins)
    if found is None:
        yield fail("the CNI plugins could not be read")
    elif found.archive:
        yield StringCommand(
            f"cd /opt/cni/bin && tail -n +2 {LISTING} | sed 's/^[0-9a-f]*  //' | xargs -r -d '\\n' rm -f --"
        )
    else:
        host.noop("there are none of ours")


@operation()
def host_names() -> Generator[StringCommand, None, None]:
    """Take our block out of /etc/hosts; all other lines stay."""
    lines = host.get_fact(Content, path="/etc/hosts")
    if lines is None:
        yield fail("/etc/hosts could not be read")
        return
    without = with_block(lines, {})
    if without.splitlines() == lines:
        host.noop("the hosts file has nothing of ours")
        return
    yield StringCommand("sh -s", _stdin=in_place("/etc/hosts", without))


@operation()
def swap_lines() -> Generator[StringCommand, None, None]:
    """Give fstab its swap back, for the next boot."""
    found = host.get_fact(DisabledSwap)
    if found is None:
        yield fail("/etc/fstab could not be read")
    elif found:
        yield StringCommand("sed -i 's/^# off for Kubernetes (isthmus): //' /etc/fstab")
    else:
        host.noop("fstab has nothing of ours")
