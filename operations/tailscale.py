"""The tailscale client of a host: login by a one-time pre-auth key, preferences, key rotation, logout."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Collection, Generator, Mapping, Sequence
from ipaddress import IPv4Network

from pyinfra import host, state
from pyinfra.api import QuoteString, StringCommand, operation
from pyinfra.api.operation import OperationMeta

from cluster.documents.tailscale import LOG_FILE, UP_TIMEOUT_S, Login, Preferences, current_flags, up_script
from cluster.observed.headscale import Node, parse_key
from cluster.observed.tailscale import ClientPrefs
from engine import remote
from engine.fail import fail
from facts.headscale import Nodes
from facts.tailscale import Prefs, StaleConnections, Status
from operations.systemd import will_have_changed
from operations.tailnet_peers import missing_after_wait, missing_message

KEY_LIFETIME = "30m"


@operation()
def join(
    coordinator: str,
    login_server: str,
    tag: str,
    preferences: Preferences,
    after: Callable[[], Collection[str] | None] = lambda: None,
) -> Generator[StringCommand, None, None]:
    """
    Join the tailnet, unless this host is a machine of it already. The pre-auth key is made only if it is needed: for one use,
    with a tag and a short lifetime, and removed in every outcome.

    + coordinator: inventory name of the host that runs headscale
    + login_server: headscale's URL for clients
    + tag: tag of the machine in headscale's policy
    + preferences: preferences with which the machine joins
    + after: returns the node keys that headscale will have after an earlier operation of the run, None if there is none (for the preview)
    """
    status, prefs = host.get_fact(Status), host.get_fact(Prefs)
    nodes = remote.fact(coordinator, Nodes)
    if status is None or prefs is None or (nodes is None and state.is_executing):
        yield fail(
            "tailscale's state on this host, or headscale's on the coordinator, could not be read; "
            "see `journalctl -u tailscaled` here and `journalctl -u headscale` there"
        )
        return
    is_registered = status.node_key in _registered_keys(nodes, tag, after) and prefs.login_server in ("", login_server)
    if status.running and is_registered:
        host.noop("the host is in the tailnet")
    elif status.state in ("Stopped", "Starting") and is_registered:
        # Without flags the client only starts, with its current preferences.
        yield StringCommand(f"timeout {UP_TIMEOUT_S} tailscale up")
    elif not state.is_executing:
        yield StringCommand("true")
    else:
        login = Login.of(login_server, preferences, status, prefs)
        yield from _log_in(coordinator, tag, login, again=status.state in ("Running", "Stopped", "Starting"))


def _registered_keys(
    nodes: Sequence[Node] | None, tag: str, after: Callable[[], Collection[str] | None]
) -> Collection[str]:
    """The node keys of machines with the tag in headscale; in the preview, the keys that it will have.

    A machine that somebody has registered by hand has no tag, and the policy admits it nowhere.
    """
    future = None if state.is_executing else after()
    return {node.node_key for node in nodes or () if tag in node.tags} if future is None else future


@operation()
def reconnect(server: str, port: int, after: Sequence[OperationMeta]) -> Generator[StringCommand, None, None]:
    """
    Restart tailscaled if it is connected to an address that the login server's name no longer resolves to.

    tailscaled keeps such a connection, and repeats its requests on it, until TCP gives up after 15 minutes.

    + server: DNS name of headscale and its relay
    + port: their TCP port
    + after: operations that restart tailscaled (for the preview)
    """
    found = host.get_fact(StaleConnections, server=server, port=port)
    if found is None:
        yield fail("tailscaled's connections could not be read")
    elif not found or (not state.is_executing and will_have_changed(after)):
        host.noop("tailscaled has no outdated connection")
    else:
        host.log(f"tailscaled is connected to {', '.join(found)}, but {server} leads elsewhere")
        yield StringCommand("systemctl restart tailscaled.service")


@operation()
def rotate_key(
    coordinator: str,
    login_server: str,
    tag: str,
    preferences: Preferences,
    peers: Callable[[], Mapping[str, Sequence[IPv4Network]]],
) -> Generator[StringCommand, None, None]:
    """
    Log a running machine in with a new node key, and wait until it sees its peers again. Its address stays.

    + coordinator, login_server, tag, preferences: as for `join`
    + peers: as for `tailnet_peers.wait_for_peers`
    """
    status, prefs = host.get_fact(Status), host.get_fact(Prefs)
    if status is None or prefs is None or not status.running:
        yield fail("this host is not in the tailnet, or tailscale's state could not be read; run the deploy first")
        return
    if not state.is_executing:
        yield StringCommand("true")
        return
    yield from _log_in(coordinator, tag, Login.of(login_server, preferences, status, prefs), again=True)
    missing = missing_after_wait(peers())
    now = host.get_fact(Status)
    if now is None or now.node_key == status.node_key:
        missing.append("a new node key of this host")
    if missing:
        yield fail(missing_message(missing))


@operation()
def set_prefs(
    preferences: Preferences | Callable[[], Preferences | None], after: Preferences | None = None
) -> Generator[StringCommand, None, None]:
    """
    Set the preferences that differ by `tailscale set`; all other preferences stay.

    + preferences: wanted preferences; a function is called when the operation runs, and returns None if the routes are not known yet
    + after: preferences that an earlier operation of the run will have set (for the preview)
    """
    found = host.get_fact(Prefs)
    wanted = preferences() if callable(preferences) else preferences
    if found is None or (state.is_executing and not found.known):
        yield fail("tailscale's preferences could not be read; see `tailscale debug prefs` on this host")
    elif wanted is None and state.is_executing:
        yield fail("the routes to advertise are not known: the subnet of this node's pods could not be read")
    elif wanted is None or not (found.known or after):
        yield StringCommand("true")
    else:
        yield from _set_flags(found, wanted, None if state.is_executing else after)


def _set_flags(
    found: ClientPrefs, wanted: Preferences, after: Preferences | None
) -> Generator[StringCommand, None, None]:
    current = current_flags(found) | (after.flags(found) if after else {})
    wrong = {flag: value for flag, value in wanted.flags(found).items() if current[flag] != value}
    if wrong:
        yield StringCommand("tailscale set", *(QuoteString(f"--{flag}={value}") for flag, value in wrong.items()))
    else:
        host.noop("the preferences are as wanted")


def _log_in(coordinator: str, tag: str, login: Login, again: bool) -> Generator[StringCommand, None, None]:
    try:
        created = remote.run(
            coordinator,
            f"headscale preauthkeys create --tags {shlex.quote(tag)} --expiration {KEY_LIFETIME} --output json",
        )
        key_id, key = parse_key(created)
    except (remote.RemoteFailure, ValueError) as failure:
        yield fail(f"headscale on {coordinator} could not make a pre-auth key: {failure}")
        return
    # The script succeeds in either case, so that the key is always removed from the coordinator.
    yield StringCommand("sh -s", _stdin=up_script(key, login, again))
    try:
        remote.run(
            coordinator, f"headscale preauthkeys delete --id {key_id} || headscale preauthkeys expire --id {key_id}"
        )
    except remote.RemoteFailure as failure:
        yield fail(
            f"the pre-auth key of this login (id {key_id}) could not be removed from headscale: {failure}. "
            f"Remove it by `headscale preauthkeys expire --id {key_id}` on {coordinator}"
        )
        return
    yield StringCommand(
        f'set -- $(head -n 1 {LOG_FILE}); test "$1" = 0 || {{ tail -n +2 {LOG_FILE} >&2; exit 1; }}; rm -f {LOG_FILE}'
    )


@operation()
def log_out() -> Generator[StringCommand, None, None]:
    """Log this host's client out of the tailnet."""
    found = host.get_fact(Status)
    if found is None:
        yield fail("tailscale's state could not be read; see `journalctl -u tailscaled -n 30` on this host")
    elif found.state in ("absent", "NeedsLogin", "unreachable"):
        host.noop("the host is in no tailnet")
    else:
        yield StringCommand("timeout 60 tailscale logout")
