"""Routing on a host, the MTU of a link, and /etc/hosts."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Generator, Mapping, Sequence
from ipaddress import IPv4Network

from pyinfra import host, state
from pyinfra.api import StringCommand, operation
from pyinfra.api.operation import OperationMeta

from cluster.documents.hosts_file import with_block
from cluster.observed.files import as_lines
from engine.fail import fail
from facts.files import Whole
from facts.network import Forwarding, Mtus
from facts.systemd import State
from operations.files import replaced
from operations.systemd import will_have_changed

Entries = Callable[[], Mapping[str, Sequence[str]] | None]
UNIT = "isthmus-network.service"
CLAMPED = ("iifname tailscale0", "oifname tailscale0")


@operation()
def forwarding(
    kept_local: Sequence[IPv4Network], reads: Sequence[str], restarted_by: Sequence[OperationMeta]
) -> Generator[StringCommand, None, None]:
    """
    Start and enable our unit, which enables forwarding, keeps the host's own networks out of the tailnet and clamps TCP's segment size.

    + kept_local: networks that are never routed into the tailnet
    + reads: paths of the unit and its script, written by an earlier operation
    + restarted_by: the operations that write them
    """
    found = host.get_fact(Forwarding)
    unit = host.get_fact(State, unit=UNIT, reads=list(reads))
    if found is None or unit is None:
        yield fail("the host's routing could not be read")
        return
    rules = tuple(sorted(str(network) for network in kept_local))
    is_set = (found.kept_local, found.forwarding, found.clamped) == (rules, True, CLAMPED)
    if is_set and unit.active and unit.enabled and not unit.outdated and not will_have_changed(restarted_by):
        host.noop("routing is set up")
        return
    yield StringCommand(f"systemctl daemon-reload && systemctl enable --quiet {UNIT} && systemctl restart {UNIT}")


@operation()
def link_mtu(link: str, size: int) -> Generator[StringCommand, None, None]:
    """
    Set the MTU of a link if the link exists.

    + link: name of the link
    + size: MTU in bytes
    """
    found = host.get_fact(Mtus)
    if found is None:
        yield fail("the host's links could not be read")
    elif found.get(link, size) != size:
        yield StringCommand(f"ip link set dev {shlex.quote(link)} mtu {size}")
    else:
        host.noop(f"{link} has MTU {size}, or does not exist")


@operation()
def hosts_block(entries: Entries, after: Entries | None = None) -> Generator[StringCommand, None, None]:
    """
    Write our block of /etc/hosts; all other lines stay.

    + entries: returns address → names when the operation runs, or None if headscale does not answer
    + after: the same for an earlier operation of the run, which will have written its entries (for the preview)
    """
    found = host.get_fact(Whole, path="/etc/hosts")
    lines = None if found is None else as_lines(found)
    before = after() if after and not state.is_executing else None
    if lines and before is not None:
        lines = as_lines(with_block(lines, before))
    wanted = entries()
    if found is None or lines is None or (wanted is None and state.is_executing):
        yield fail(
            "/etc/hosts could not be read"
            if lines is None
            else "the tailnet addresses are not known: headscale does not answer; see `journalctl -u headscale -n 30` on the coordinator"
        )
        return
    if wanted is None:
        yield StringCommand("true")
        return
    text = with_block(lines, wanted)
    if as_lines(text) == lines:
        host.noop("/etc/hosts has the names")
        return
    yield StringCommand("sh -s", _stdin=replaced("/etc/hosts", found, text))
