"""What a host sees of the tailnet: who is online, and which routes are served."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from ipaddress import IPv4Network

from pyinfra import host, state
from pyinfra.api import StringCommand, operation

from cluster.observed.tailscale import ClientStatus
from engine import remote
from engine.fail import fail
from engine.wait import poll
from facts.headscale import Nodes
from facts.tailscale import Prefs, Status

# headscale passes a route on within a second or two.
HEARD_TIMEOUT_S = 15
SEEN_TIMEOUT_S = 240


@operation()
def wait_for_peers(
    peers: Callable[[], Mapping[str, Sequence[IPv4Network]]],
    coordinator: str = "",
    own: Callable[[], Sequence[IPv4Network]] = tuple,
) -> Generator[StringCommand, None, None]:
    """
    Wait until the client sees every other machine online, and somebody serving each route.

    A client that is told its routes while it can't reach headscale may say the old ones last, and takes the new ones for said:
    where headscale does not hear its own for a while, it says them again.

    + peers: gives, when it is asked, the host name of each other machine and the routes that it offers
    + coordinator: inventory name of the host that runs headscale
    + own: gives the routes that this host offers
    """
    if not state.is_executing:
        host.noop("the others are waited for in the run")
        return
    if not _heard(coordinator, own()):
        yield from _said_again()
    missing = missing_after_wait(peers())
    if missing:
        yield fail(f"not in the tailnet as this host sees it: {', '.join(missing)}")
    else:
        host.noop("the others are online")


def _heard(coordinator: str, own: Sequence[IPv4Network]) -> bool:
    """Wait until headscale knows that this host offers them. The client is asked first, for that takes no other host, but what it has heard of itself may be old."""
    return not poll(lambda: _unheard(coordinator, own), lambda unheard: not unheard, HEARD_TIMEOUT_S)


def _unheard(coordinator: str, own: Sequence[IPv4Network]) -> set[str]:
    status = host.get_fact(Status)
    key, served = (status.node_key, status.routes) if status else ("", ())
    unsure = {str(route) for route in own} - {*served}
    nodes = remote.fact(coordinator, Nodes) if unsure else ()
    return unsure - {route for node in nodes or () if node.node_key == key for route in node.available}


def _said_again() -> Generator[StringCommand, None, None]:
    prefs = host.get_fact(Prefs)
    if prefs is not None and prefs.known:
        routes = shlex.quote(",".join(prefs.advertise_routes))
        yield StringCommand(f"tailscale set --advertise-routes= && tailscale set --advertise-routes={routes}")


def missing_after_wait(wanted: Mapping[str, Sequence[IPv4Network]]) -> list[str]:
    """Wait until the client sees those machines and routes; the missing ones when the time is over."""

    def missing() -> list[str]:
        found = host.get_fact(Status)
        return ["tailscale's state could not be read"] if found is None else list(missing_peers(found, wanted))

    return poll(missing, lambda names: not names, SEEN_TIMEOUT_S)


def missing_peers(found: ClientStatus, peers: Mapping[str, Sequence[IPv4Network]]) -> Iterator[str]:
    """The machines that are not online, and the routes that no machine serves."""
    online = {peer.name for peer in found.peers if peer.online}
    served = {route for peer in found.peers for route in peer.routes}
    yield from (f"machine {name}" for name in peers if name not in online)
    yield from sorted({f"route {route}" for routes in peers.values() for route in routes if str(route) not in served})
