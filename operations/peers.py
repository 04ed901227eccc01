"""What a host sees of the tailnet: who is online, and which routes are served."""

from __future__ import annotations

import shlex
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from ipaddress import IPv4Network

from pyinfra import host, state
from pyinfra.api import StringCommand, operation

from facts.tailscale import ClientStatus, Prefs, Status
from operations.failing import fail
from operations.waiting import pause

# headscale passes a route on within a second or two.
HEARD_TIMEOUT_S = 15
SEEN_TIMEOUT_S = 240


@operation()
def sees(
    peers: Callable[[], Mapping[str, Sequence[IPv4Network]]], own: Callable[[], Sequence[IPv4Network]] = tuple
) -> Generator[StringCommand, None, None]:
    """
    Wait until the client sees every other machine online, somebody serving each route, and itself serving its own.

    A client that is told its routes while it can't reach headscale may say the old ones last, and takes the new ones for said:
    where its own are not served for a while, it says them again.

    + peers: gives, when it is asked, the host name of each other machine and the routes that it offers
    + own: gives the routes that this host offers
    """
    if not state.is_executing:
        host.noop("the others are waited for in the run")
        return
    if own() and awaited({}, own(), HEARD_TIMEOUT_S):
        yield from _said_again()
    missing = awaited(peers(), own())
    if missing:
        yield fail(f"not in the tailnet as this host sees it: {', '.join(missing)}")
    else:
        host.noop("the others are online")


def _said_again() -> Generator[StringCommand, None, None]:
    prefs = host.get_fact(Prefs)
    if prefs is not None and prefs.known:
        routes = shlex.quote(",".join(prefs.advertise_routes))
        yield StringCommand(f"tailscale set --advertise-routes= && tailscale set --advertise-routes={routes}")


def awaited(
    wanted: Mapping[str, Sequence[IPv4Network]], own: Sequence[IPv4Network] = (), timeout_s: float | None = None
) -> list[str]:
    """Wait until the client sees those machines and routes, and serves its own; what is missing at the end."""
    deadline = time.monotonic() + (SEEN_TIMEOUT_S if timeout_s is None else timeout_s)
    while True:
        found = host.get_fact(Status)
        missing = (
            ["tailscale's state could not be read"]
            if found is None
            else [*unseen(found, wanted), *unserved(found, own)]
        )
        if not missing or time.monotonic() > deadline:
            return missing
        pause()


def unserved(found: ClientStatus, own: Sequence[IPv4Network]) -> Iterator[str]:
    """The routes of this host that no machine serves: another one may serve the same network."""
    served = {*found.routes, *(route for peer in found.peers for route in peer.routes)}
    yield from (f"route {route} of its own" for route in own if str(route) not in served)


def unseen(found: ClientStatus, peers: Mapping[str, Sequence[IPv4Network]]) -> Iterator[str]:
    """The machines that are not online, and the routes that no machine serves."""
    online = {peer.name for peer in found.peers if peer.online}
    served = {route for peer in found.peers for route in peer.routes}
    yield from (f"machine {name}" for name in peers if name not in online)
    yield from sorted({f"route {route}" for routes in peers.values() for route in routes if str(route) not in served})
