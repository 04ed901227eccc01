"""A new, empty database for headscale, in which every machine gets its previous address again."""

from __future__ import annotations

import json
from collections.abc import Callable, Generator, Mapping, Sequence

from pyinfra import host, state
from pyinfra.api import StringCommand, operation

from cluster.observed.headscale import Node, node_of
from engine import remote
from engine.fail import HEADSCALE_SILENT, fail
from engine.wait import poll
from facts.backup import DATABASE, HEADSCALE
from facts.files import Content
from facts.headscale import Nodes
from facts.tailscale import Status
from local import headscale_db
from operations.files import File, script
from operations.restore import headscale_script

# The saved addresses. While this file exists, a rebuild is under way: the database was wiped, and machines may have other addresses.
SAVED_ADDRESSES = "/var/lib/isthmus/addresses.json"
ADDRESS_TIMEOUT_S = 120
# A clean stop writes SQLite's log into the database; the log is read all the same, in case the stop was not clean.
_STOP_AND_READ = (
    f"set -e; systemctl stop headscale.service; cd {HEADSCALE}; tar -cz *.key $(ls {DATABASE}*) | base64 -w 8000"
)


@operation()
def wipe(addresses: Callable[[], Mapping[str, str | None]]) -> Generator[StringCommand, None, None]:
    """
    Save all tailnet addresses, and start headscale with an empty database. headscale's keys stay, so clients still trust it.

    + addresses: returns host name → tailnet address, None if the address is unknown
    """
    saved = host.get_fact(Content, path=SAVED_ADDRESSES)
    if saved is None:
        yield fail(f"{SAVED_ADDRESSES} could not be read")
        return
    if saved:
        host.log("an interrupted rebuild goes on")
        yield StringCommand("systemctl start headscale.service")
        return
    known = addresses() if state.is_executing else {}
    unknown = [name for name, address in known.items() if not address]
    if unknown:
        yield fail(
            f"the tailnet address of {', '.join(unknown)} is unknown: neither `tailscale ip` on the host nor headscale shows it; "
            "nothing was changed. Run the deploy first, so that every host joins"
        )
        return
    yield StringCommand("sh -s", _stdin=_wipe_script(json.dumps(known)))


@operation()
def restore_addresses() -> Generator[StringCommand, None, None]:
    """Give each machine its saved address again: the new database assigned addresses in the order in which machines logged in."""
    saved = host.get_fact(Content, path=SAVED_ADDRESSES)
    if saved is None or (not saved and state.is_executing):
        yield fail(f"{SAVED_ADDRESSES} could not be read")
        return
    if not state.is_executing:
        yield StringCommand("true")
        return
    nodes, wanted = host.get_fact(Nodes), json.loads("\n".join(saved))
    if nodes is None:
        yield fail(HEADSCALE_SILENT)
        return
    wrong = misplaced(nodes, wanted)
    if wrong:
        host.log(f"machines that get their previous address: {', '.join(wrong)}")
        try:
            files = headscale_db.unpack(remote.content(host.name, _STOP_AND_READ, 120))
            archive = headscale_db.pack(headscale_db.set_addresses(files, wanted))
        except (remote.RemoteFailure, headscale_db.Damaged) as failure:
            yield StringCommand("systemctl start headscale.service")
            yield fail(f"the addresses could not be set: {failure}")
            return
        yield StringCommand("sh -s", _stdin=headscale_script(archive))
    yield StringCommand(f"rm -f {SAVED_ADDRESSES}")


@operation()
def wait_for_address(coordinator: str) -> Generator[StringCommand, None, None]:
    """
    Wait until this host uses the address that headscale has for it.

    + coordinator: inventory name of the host that runs headscale
    """
    if not state.is_executing:
        host.noop("the address is waited for during the run")
        return
    own, registered = poll(
        lambda: _addresses(coordinator), lambda found: bool(found[1]) and found[1] <= found[0], ADDRESS_TIMEOUT_S
    )
    if registered and registered <= own:
        host.noop("the host has its address")
    else:
        yield fail(
            f"this host's tailnet address is {_format(own)}, but headscale has {_format(registered)}; "
            "restart tailscaled on this host (`systemctl restart tailscaled`), then run the task again"
        )


def _addresses(coordinator: str) -> tuple[set[str], set[str]]:
    """The tailnet addresses of this host, and the addresses that headscale has for its node key; empty sets if unknown."""
    status, nodes = host.get_fact(Status), remote.fact(coordinator, Nodes)
    node = next((node for node in nodes or () if status and node.node_key == status.node_key), None)
    return set(status.addresses) if status else set(), set(node.addresses) if node else set()


def _format(addresses: set[str]) -> str:
    return ", ".join(sorted(addresses)) or "unknown"


def misplaced(nodes: Sequence[Node], wanted: Mapping[str, str]) -> list[str]:
    """Names of the machines that have another address in headscale than the wanted one."""
    found = {name: node_of(nodes, name) for name in wanted}
    return [name for name, node in found.items() if node and wanted[name] not in node.addresses]


def _wipe_script(saved: str) -> str:
    """The saved addresses get their final name after the removal of the database: if the file exists, the database is a new one."""
    file = File(f"{SAVED_ADDRESSES}.new", saved)
    return (
        f"{script([file], {file.path: saved})}systemctl stop headscale.service\n"
        f"rm -f {HEADSCALE}/{DATABASE}*\nmv {SAVED_ADDRESSES}.new {SAVED_ADDRESSES}\nsystemctl start headscale.service\n"
    )
