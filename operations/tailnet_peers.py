"""A host's view of the tailnet: which machines are online, and which routes are served."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from ipaddress import IPv4Network

from pyinfra import host, logger, state
from pyinfra.api import StringCommand, operation
from pyinfra.api.operation import OperationMeta

from cluster.observed.tailscale import ClientStatus
from engine import remote
from engine.fail import fail
from engine.wait import poll
from facts.headscale import Nodes
from facts.pings import until_answered
from facts.tailscale import Prefs, Status
from operations.systemd import will_have_changed

# headscale distributes a route within a second or two.
ADVERTISE_TIMEOUT_S = 15
PEERS_TIMEOUT_S = 240
# WireGuard tries a handshake again after five seconds; tailscale looks for a direct path meanwhile.
PATHS_TIMEOUT_S = 60


@operation()
def wait_for_peers(
    peers: Callable[[], Mapping[str, Sequence[IPv4Network]]],
    coordinator: str = "",
    own: Callable[[], Sequence[IPv4Network]] = tuple,
) -> Generator[StringCommand, None, None]:
    """
    Wait until every other machine is online, and every route is served.

    If tailscaled's advertised routes change while headscale is unreachable, tailscaled may never send the new ones. So if
    headscale lacks routes of this host after 15 seconds, they are withdrawn and advertised again.

    + peers: returns, when the operation runs, host name → advertised routes of every other machine
    + coordinator: inventory name of the host that runs headscale
    + own: returns the routes that this host advertises
    """
    if not state.is_executing:
        host.noop("the other machines are waited for during the run")
        return
    routes = own()
    if poll(lambda: _not_received(coordinator, routes), lambda missing: not missing, ADVERTISE_TIMEOUT_S):
        yield from _advertise_again()
    missing = missing_after_wait(peers())
    if missing:
        yield fail(missing_message(missing))
    else:
        host.noop("all other machines are online")


@operation()
def wait_for_paths(
    addresses: Callable[[], Sequence[str]], after: Sequence[OperationMeta]
) -> Generator[StringCommand, None, None]:
    """
    Wait until every address has answered, so that the first traffic after the run, or verify, meets paths that are up.

    A path that stays down is a warning: the cluster may work without it, and verify finds its cause.

    + addresses: returns the addresses when the operation runs
    + after: operations of this host; if none of them has changed anything, its paths are as they were
    """
    if state.is_executing and will_have_changed(after) and (wanted := addresses()):
        try:
            silent = remote.ask(host.name, until_answered(wanted, PATHS_TIMEOUT_S), PATHS_TIMEOUT_S + 60).split()
        except remote.RemoteFailure as failure:
            yield fail(str(failure))
            return
        if silent:
            logger.warning(
                f"{host.print_prefix}no answer from {', '.join(silent)} within {PATHS_TIMEOUT_S} s; verify names the cause"
            )
    host.noop("the paths are waited for during the run")


def _not_received(coordinator: str, own: Sequence[IPv4Network]) -> set[str]:
    """The routes of this host that headscale has not received.

    The client's own status comes first, because it takes no other host; headscale's list decides about routes that it lacks.
    """
    status = host.get_fact(Status)
    key, served = (status.node_key, status.routes) if status else ("", ())
    unsure = {str(route) for route in own} - {*served}
    nodes = remote.fact(coordinator, Nodes) if unsure else ()
    return unsure - {route for node in nodes or () if node.node_key == key for route in node.available}


def _advertise_again() -> Generator[StringCommand, None, None]:
    prefs = host.get_fact(Prefs)
    if prefs is not None and prefs.known:
        routes = shlex.quote(",".join(prefs.advertise_routes))
        yield StringCommand(f"tailscale set --advertise-routes= && tailscale set --advertise-routes={routes}")


def missing_after_wait(wanted: Mapping[str, Sequence[IPv4Network]]) -> list[str]:
    """Wait until these machines are online and their routes are served; returns what is missing after the time limit."""

    def missing() -> list[str]:
        found = host.get_fact(Status)
        return ["tailscale's state could not be read"] if found is None else list(missing_peers(found, wanted))

    return poll(missing, lambda names: not names, PEERS_TIMEOUT_S)


def missing_message(missing: Sequence[str]) -> str:
    """Why the operation fails, from what `missing_after_wait` returned."""
    return f"missing in the tailnet as this host sees it: {', '.join(missing)}; see `tailscale status` on both hosts"


def missing_peers(found: ClientStatus, peers: Mapping[str, Sequence[IPv4Network]]) -> Iterator[str]:
    """The machines that are not online, and the routes that no machine serves, in words."""
    online = {peer.name for peer in found.peers if peer.online}
    served = {route for peer in found.peers for route in peer.routes}
    yield from (f"machine {name}" for name in peers if name not in online)
    yield from sorted({f"route {route}" for routes in peers.values() for route in routes if str(route) not in served})
