"""The removal of everything that this project, Kubernetes and flannel leave on a host; nothing else is touched."""

from __future__ import annotations

import shlex
from collections.abc import Generator, Sequence
from fnmatch import fnmatchcase
from ipaddress import IPv4Network
from pathlib import PurePath

from pyinfra import host
from pyinfra.api import StringCommand, operation

from cluster.documents import flannel
from cluster.documents.hosts_file import edited
from cluster.documents.iptables import corrected
from cluster.documents.iptables_cleanup import TABLES, removal
from engine.fail import fail
from facts.cni import LISTING, Plugins
from facts.dpkg import Packages
from facts.files import Whole
from facts.network import CLAMP_TABLE, RULE_PRIORITY, RULES_V4, Forwarding, NftTables, PodRoutes, Saved
from facts.paths import Links, Present
from facts.swap import DisabledSwap
from facts.systemd import State
from operations.apt import APT_GET, APT_MARK, DPKG_UNREADABLE
from operations.files import replaced

CLAMP = ("inet", CLAMP_TABLE)
DROP_INS = "/etc/systemd/system/*.d/*.conf"


@operation()
def pod_network(pod_cidr: IPv4Network) -> Generator[StringCommand, None, None]:
    """
    Remove the pods' bridge, flannel's link, and its routes.

    + pod_cidr: network of all pods
    """
    links, routes = host.get_fact(Links, names=flannel.LINKS), host.get_fact(PodRoutes)
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
    Remove network links, and with them their routes.

    + names: names of the links
    """
    found = host.get_fact(Links, names=list(names))
    if found is None:
        yield fail("the host's links could not be read")
    elif found:
        yield StringCommand("; ".join(["set -e", *(f"ip link delete {shlex.quote(link)}" for link in found)]))
    else:
        host.noop("the links do not exist")


@operation()
def packet_filters(keep_tailnet: bool) -> Generator[StringCommand, None, None]:
    """
    Remove our chains, rules and tables from the host's packet filters, line by line; all others stay.

    + keep_tailnet: the rules that accept the tailnet's packets stay
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
        host.noop("the packet filters have no rule of ours")
        return
    yield StringCommand("sh -s", _stdin=f"set -e\n{script}")


@operation()
def saved_rules() -> Generator[StringCommand, None, None]:
    """Remove our lines from the packet filter rules that the image loads at boot."""
    text = host.get_fact(Whole, path=RULES_V4)
    if text is None:
        yield fail(f"{RULES_V4} could not be read")
        return
    without = corrected(text, [])
    if without == text:
        host.noop("the saved rules have no line of ours")
        return
    yield StringCommand("sh -s", _stdin=replaced(RULES_V4, text, without))


@operation()
def routing_rules() -> Generator[StringCommand, None, None]:
    """Remove the routing rules that keep the host's own networks out of the tailnet."""
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
    Stop and disable services.

    + names: names of the units, with their suffix
    """
    found = {name: host.get_fact(State, unit=name) for name in names}
    if None in found.values():
        yield fail("the state of services could not be read")
        return
    running = [name for name, unit in found.items() if unit and unit.loaded and (unit.active or unit.enabled)]
    if not running:
        host.noop("the services are stopped and disabled")
        return
    yield StringCommand(f"systemctl disable --quiet --now {' '.join(map(shlex.quote, running))}")


@operation()
def packages(names: Sequence[str], released: Sequence[str] = ()) -> Generator[StringCommand, None, None]:
    """
    Purge packages, with their configuration, and remove the hold of others.

    + names: packages to purge
    + released: packages that stay without a hold
    """
    found = host.get_fact(Packages, names=[*names, *released])
    if found is None:
        yield fail(DPKG_UNREADABLE)
        return
    held = [name for name, package in found.items() if package and package.held]
    installed = [name for name in names if found[name]]
    if held:
        yield StringCommand(f"{APT_MARK} unhold {' '.join(held)}")
    if installed:
        yield StringCommand(f"{APT_GET} purge {' '.join(installed)}")
    if not held and not installed:
        host.noop("the packages are not installed")


@operation()
def absent(paths: Sequence[str], services: Sequence[str] = ()) -> Generator[StringCommand, None, None]:
    """
    Remove files and folders.

    + paths: patterns of sh, without quotes or spaces
    + services: units that read them, which are restarted if they run
    """
    found = host.get_fact(Present, paths=list(paths))
    if found is None:
        yield fail("the files could not be listed")
        return
    if not found:
        host.noop("no file is left")
        return
    quoted = " ".join(shlex.quote(path) for path in found)
    commands = [f"rm -rf --one-file-system -- {quoted}"]
    # A unit without a drop-in of its owner has no such folder.
    folders = {str(PurePath(path).parent) for path in found if fnmatchcase(path, DROP_INS)}
    if folders:
        commands.append(f"rmdir --ignore-fail-on-non-empty -- {shlex.join(sorted(folders))}")
    yield StringCommand("; ".join([*commands, "systemctl daemon-reload"]))
    for unit in services:
        yield StringCommand(f"if systemctl is-active --quiet {unit}; then systemctl restart {unit}; fi")


@operation()
def plugins() -> Generator[StringCommand, None, None]:
    """Remove the CNI plugins that the deploy installed, by the list that it wrote; other plugins stay."""
    found = host.get_fact(Plugins)
    if found is None:
        yield fail("the CNI plugins in /opt/cni/bin could not be read")
    elif found.archive:
        yield StringCommand(
            f"cd /opt/cni/bin && tail -n +2 {LISTING} | sed 's/^[0-9a-f]*  //' | xargs -r -d '\\n' rm -f --"
        )
    else:
        host.noop("no CNI plugin of ours is left")


@operation()
def host_names() -> Generator[StringCommand, None, None]:
    """Remove our block from /etc/hosts; all other bytes stay."""
    text = host.get_fact(Whole, path="/etc/hosts")
    if text is None:
        yield fail("/etc/hosts could not be read")
        return
    without = edited(text, {})
    if without == text:
        host.noop("/etc/hosts has no block of ours")
        return
    yield StringCommand("sh -s", _stdin=replaced("/etc/hosts", text, without))


@operation()
def swap_lines() -> Generator[StringCommand, None, None]:
    """Restore the swap lines of fstab for the next boot."""
    found = host.get_fact(DisabledSwap)
    if found is None:
        yield fail("/etc/fstab could not be read")
    elif found:
        yield StringCommand("sed -i 's/^# off for Kubernetes (isthmus): //' /etc/fstab")
    else:
        host.noop("fstab has no line of ours")
