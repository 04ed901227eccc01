"""headscale's database made anew, with every machine at the address that the cluster knows it by."""

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

# As long as it is there, a rebuild is under way: the database was wiped, and some machine may not have its address yet.
MEMORY = "/var/lib/isthmus/addresses.json"
ADDRESS_TIMEOUT_S = 120
# headscale is stopped in good order, so all is in the database; its log is taken along all the same.
_STOP_AND_SEND = (
    f"set -e; systemctl stop headscale.service; cd {HEADSCALE}; tar -cz *.key $(ls {DATABASE}*) | base64 -w 8000"
)


@operation()
def wipe(addresses: Callable[[], Mapping[str, str | None]]) -> Generator[StringCommand, None, None]:
    """
    Have headscale begin with an empty database, and note who had which address. Its keys stay, so clients know it again.

    + addresses: gives host name → address in the tailnet, None where it is not known
    """
    noted = host.get_fact(Content, path=MEMORY)
    if noted is None:
        yield fail(f"{MEMORY} could not be read")
        return
    if noted:
        host.log("a rebuild that was interrupted goes on")
        yield StringCommand("systemctl start headscale.service")
        return
    known = addresses() if state.is_executing else {}
    unknown = [name for name, address in known.items() if not address]
    if unknown:
        yield fail(
            f"nothing was changed: neither `tailscale ip` there nor headscale tells the address of {', '.join(unknown)}. "
            "Have it join first, by the deploy"
        )
        return
    yield StringCommand("sh -s", _stdin=_wipe_script(json.dumps(known)))


@operation()
def restore_addresses() -> Generator[StringCommand, None, None]:
    """Have headscale give each machine the address that it had: it has handed them out anew, in the order of their coming."""
    noted = host.get_fact(Content, path=MEMORY)
    if noted is None or (not noted and state.is_executing):
        yield fail(f"{MEMORY} could not be read")
        return
    if not state.is_executing:
        yield StringCommand("true")
        return
    nodes, wanted = host.get_fact(Nodes), json.loads("\n".join(noted))
    if nodes is None:
        yield fail(HEADSCALE_SILENT)
        return
    wrong = misplaced(nodes, wanted)
    if wrong:
        host.log(f"back to the address that they had: {', '.join(wrong)}")
        try:
            files = headscale_db.unpack(remote.content(host.name, _STOP_AND_SEND, 120))
            archive = headscale_db.pack(headscale_db.set_addresses(files, wanted))
        except (remote.RemoteFailure, headscale_db.Damaged) as failure:
            yield StringCommand("systemctl start headscale.service")
            yield fail(f"the addresses could not be set: {failure}")
            return
        yield StringCommand("sh -s", _stdin=headscale_script(archive))
    yield StringCommand(f"rm -f {MEMORY}")


@operation()
def wait_for_address(coordinator: str) -> Generator[StringCommand, None, None]:
    """
    Wait until this host has the address that headscale knows it by.

    + coordinator: inventory name of the host that runs headscale
    """
    if not state.is_executing:
        host.noop("the address is waited for in the run")
        return
    own, known = poll(
        lambda: _addresses(coordinator), lambda found: bool(found[1]) and found[1] <= found[0], ADDRESS_TIMEOUT_S
    )
    if known and known <= own:
        host.noop("the host has its address")
    else:
        yield fail(f"its address is {_listed(own)}, in headscale it is {_listed(known)}")


def _addresses(coordinator: str) -> tuple[set[str], set[str]]:
    """The addresses that this host has, and those that headscale has for its key; empty if unknown."""
    status, nodes = host.get_fact(Status), remote.fact(coordinator, Nodes)
    node = next((node for node in nodes or () if status and node.node_key == status.node_key), None)
    return set(status.addresses) if status else set(), set(node.addresses) if node else set()


def _listed(addresses: set[str]) -> str:
    return ", ".join(sorted(addresses)) or "unknown"


def misplaced(nodes: Sequence[Node], wanted: Mapping[str, str]) -> list[str]:
    """The machines that headscale knows by another address than is wanted."""
    found = {name: node_of(nodes, name) for name in wanted}
    return [name for name, node in found.items() if node and wanted[name] not in node.addresses]


def _wipe_script(noted: str) -> str:
    """The note takes its place when the database is gone: without it nothing has been handed out anew."""
    note = File(f"{MEMORY}.new", noted)
    return (
        f"{script([note], {note.path: noted})}systemctl stop headscale.service\n"
        f"rm -f {HEADSCALE}/{DATABASE}*\nmv {MEMORY}.new {MEMORY}\nsystemctl start headscale.service\n"
    )
