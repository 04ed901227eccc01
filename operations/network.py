"""Routing on a host, the MTU of a link, and /etc/hosts."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Generator, Mapping, Sequence
from ipaddress import IPv4Network

from pyinfra import host, state
from pyinfra.api import StringCommand, operation
from pyinfra.api.operation import OperationMeta

from cluster.documents.hosts_file import block, edited
from engine.fail import fail
from facts.files import Whole
from facts.network import Forwarding, Mtus
from facts.systemd import State
from operations import files
from operations.systemd import will_have_changed

Entries = Callable[[], Mapping[str, Sequence[str]] | None]
UNIT = "isthmus-network.service"
HOSTS = "/etc/hosts"
# Our block as it was written last: programs of the image may write /etc/hosts at each boot.
BLOCK_COPY = "/usr/local/lib/isthmus/hosts"
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
    Write our block of /etc/hosts, and a copy from which it comes back after a boot; all other bytes stay.

    + entries: returns address → names when the operation runs, or None if headscale does not answer
    + after: the same for an earlier operation of the run, which will have written its entries (for the preview)
    """
    found, copy = host.get_fact(Whole, path=HOSTS), host.get_fact(Whole, path=BLOCK_COPY)
    before = after() if after and not state.is_executing else None
    if found is not None and before is not None:
        found, copy = edited(found, before), _copy(before)
    wanted = entries()
    if found is None or (wanted is None and state.is_executing):
        yield fail(
            "/etc/hosts could not be read"
            if found is None
            else "the tailnet addresses are not known: headscale does not answer; see `journalctl -u headscale -n 30` on the coordinator"
        )
        return
    if wanted is None:
        yield StringCommand("true")
        return
    text = edited(found, wanted)
    if (text, _copy(wanted)) == (found, copy):
        host.noop("/etc/hosts has the names")
        return
    kept = files.script([files.File(BLOCK_COPY, _copy(wanted))], {BLOCK_COPY: _copy(wanted)})
    yield StringCommand("sh -s", _stdin=kept + files.replaced(HOSTS, found, text))


def _copy(entries: Mapping[str, Sequence[str]]) -> str:
    return "".join(f"{line}\n" for line in block(entries))
