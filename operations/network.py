"""Routing on a host, and the names that it knows."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Generator, Mapping, Sequence
from ipaddress import IPv4Network

from pyinfra import host, state
from pyinfra.api import StringCommand, operation
from pyinfra.api.operation import OperationMeta

from cluster.documents.hosts_file import with_block
from engine.fail import fail
from facts.files import Content
from facts.network import Forwarding, Mtus
from facts.systemd import State
from operations.files import in_place
from operations.systemd import will_have_changed

Entries = Callable[[], Mapping[str, Sequence[str]] | None]
UNIT = "isthmus-network.service"
CLAMPED = ("iifname tailscale0", "oifname tailscale0")


@operation()
def forwarding(
    kept_local: Sequence[IPv4Network], reads: Sequence[str], restarted_by: Sequence[OperationMeta]
) -> Generator[StringCommand, None, None]:
    """
    Have forwarding, the rules for the host's own networks and the segment clamp stand now and at every boot, by our unit.

    + kept_local: networks that are never looked for in the tailnet
    + reads: the unit and its script, written before
    + restarted_by: the operation that writes them
    """
    found = host.get_fact(Forwarding)
    unit = host.get_fact(State, unit=UNIT, reads=list(reads))
    if found is None or unit is None:
        yield fail("the host's routing could not be read")
        return
    rules = tuple(sorted(str(network) for network in kept_local))
    stands = (found.kept_local, found.forwarding, found.clamped) == (rules, True, CLAMPED)
    if stands and unit.active and unit.enabled and not unit.outdated and not will_have_changed(restarted_by):
        host.noop("routing is as wanted")
        return
    yield StringCommand(f"systemctl daemon-reload && systemctl enable --quiet {UNIT} && systemctl restart {UNIT}")


@operation()
def link_mtu(link: str, size: int) -> Generator[StringCommand, None, None]:
    """
    Have a link, where it is there, carry packets of this size and no larger ones.

    + link: its name
    + size: in bytes
    """
    found = host.get_fact(Mtus)
    if found is None:
        yield fail("the host's links could not be read")
    elif found.get(link, size) != size:
        yield StringCommand(f"ip link set dev {shlex.quote(link)} mtu {size}")
    else:
        host.noop(f"{link} carries {size} bytes, or is not there")


@operation()
def hosts_block(entries: Entries, after: Entries | None = None) -> Generator[StringCommand, None, None]:
    """
    Keep our block of /etc/hosts; all other lines stay.

    + entries: asked when the operation runs: address to names, or None where they can't be known
    + after: what an earlier operation of the run will have written (for the preview)
    """
    lines = host.get_fact(Content, path="/etc/hosts")
    before = after() if after and not state.is_executing else None
    if lines and before is not None:
        lines = with_block(lines, before).splitlines()
    wanted = entries()
    if lines is None or (wanted is None and state.is_executing):
        yield fail(
            "/etc/hosts could not be read"
            if lines is None
            else "the addresses of the tailnet are not known: headscale does not answer"
        )
        return
    if wanted is None:
        yield StringCommand("true")
        return
    text = with_block(lines, wanted)
    if text.splitlines() == lines:
        host.noop("the names are there")
        return
    yield StringCommand("sh -s", _stdin=in_place("/etc/hosts", text))
