"""The tailscale client of a host: joined by a one-time key, and its preferences."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Collection, Generator, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network

from pyinfra import host, state
from pyinfra.api import QuoteString, StringCommand, operation
from pyinfra.api.operation import OperationMeta

from cluster.observed.headscale import parse_key
from cluster.observed.tailscale import ClientPrefs
from engine import remote
from engine.fail import fail
from facts.headscale import Nodes
from facts.tailscale import Prefs, StaleConnections, Status
from operations.systemd import will_have_changed
from operations.tailnet_peers import missing_after_wait

KEY_FILE = "/run/isthmus-tailnet.key"
LOG_FILE = "/run/isthmus-tailnet.log"
KEY_LIFETIME = "30m"
UP_TIMEOUT_S = 60
# It takes up to three minutes until a client or the gateway notices that a conversation with headscale is dead.


@dataclass(frozen=True)
class Preferences:
    """How a client shall be set. Routes within `keep` that it advertises already stay: another phase of the deploy owns them."""

    hostname: str
    routes: tuple[IPv4Network, ...] = ()
    keep: IPv4Network | None = None

    def flags(self, found: ClientPrefs) -> dict[str, str]:
        """As flags of `tailscale up` and `tailscale set`."""
        return {
            "hostname": self.hostname,
            "accept-routes": "true",
            "accept-dns": "false",
            "advertise-routes": ",".join(self._routes(found)),
            "snat-subnet-routes": "false",
            "stateful-filtering": "false",
            "netfilter-mode": "on",
        }

    def _routes(self, found: ClientPrefs) -> list[str]:
        wanted = {str(route) for route in self.routes}
        return sorted(wanted | {route for route in found.advertise_routes if self._is_kept(route)})

    def _is_kept(self, route: str) -> bool:
        return self.keep is not None and ":" not in route and IPv4Network(route).subnet_of(self.keep)


@operation()
def join(
    coordinator: str,
    login_server: str,
    tag: str,
    preferences: Preferences,
    after: Callable[[], Collection[str] | None] = lambda: None,
) -> Generator[StringCommand, None, None]:
    """
    Have the host be a running machine of the tailnet that the coordinator knows. A key is made only when it is needed: for one
    use, tagged, short-lived, gone in every outcome.

    + coordinator: inventory name of the host that runs headscale
    + login_server: its address for clients
    + tag: what the machine is in the policy
    + preferences: those it joins with
    + after: gives the keys of the machines that an earlier operation will have made headscale know, None where there is none (for the preview)
    """
    status, prefs = host.get_fact(Status), host.get_fact(Prefs)
    nodes = remote.fact(coordinator, Nodes)
    if status is None or prefs is None or (nodes is None and state.is_executing):
        yield fail("tailscale's state on this host, or headscale's on the coordinator, could not be read")
        return
    moved = prefs.login_server not in ("", login_server)
    foreseen = None if state.is_executing else after()
    forgotten = status.node_key not in ({node.node_key for node in nodes or ()} if foreseen is None else foreseen)
    if status.running and not moved and not forgotten:
        host.noop("the host is in the tailnet")
    elif status.state in ("Stopped", "Starting") and not moved and not forgotten:
        # Without any flag it only goes up again, with the preferences that it has.
        yield StringCommand(f"timeout {UP_TIMEOUT_S} tailscale up")
    elif not state.is_executing:
        yield StringCommand("true")
    else:
        flags = {"login-server": login_server, "timeout": f"{UP_TIMEOUT_S}s", **preferences.flags(prefs)}
        yield from _log_in(coordinator, tag, flags, again=status.state in ("Running", "Stopped", "Starting"))


@operation()
def reconnect(server: str, port: int, after: Sequence[OperationMeta]) -> Generator[StringCommand, None, None]:
    """
    Have the client talk to headscale and its relay where their name leads. To an address that is gone it would talk for a quarter of
    an hour: it asks again and again on the connection that it has, until the kernel gives that up.

    + server: the name
    + port: where it listens
    + after: operations that start the client again (for the preview)
    """
    found = host.get_fact(StaleConnections, server=server, port=port)
    if found is None:
        yield fail("tailscaled's connections could not be read")
    elif not found or (not state.is_executing and will_have_changed(after)):
        host.noop("the client talks to nobody else")
    else:
        host.log(f"tailscaled talks to {', '.join(found)}; {server} leads elsewhere")
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
    Give a running machine a new key of its own. Its address stays; it is waited for until it sees the others again.

    + coordinator, login_server, tag, preferences: as for `joined`
    + peers: as for `peers.sees`
    """
    status, prefs = host.get_fact(Status), host.get_fact(Prefs)
    if status is None or prefs is None or not status.running:
        yield fail("this host is not in the tailnet, or its state could not be read: the deploy makes that good")
        return
    if not state.is_executing:
        yield StringCommand("true")
        return
    flags = {"login-server": login_server, "timeout": f"{UP_TIMEOUT_S}s", **preferences.flags(prefs)}
    yield from _log_in(coordinator, tag, flags, again=True)
    missing = missing_after_wait(peers())
    now = host.get_fact(Status)
    if now is None or now.node_key == status.node_key:
        missing.append("a new key of its own")
    if missing:
        yield fail(f"not in the tailnet as this host sees it: {', '.join(missing)}")


@operation()
def set_prefs(
    preferences: Preferences | Callable[[], Preferences | None], after: Preferences | None = None
) -> Generator[StringCommand, None, None]:
    """
    Correct those preferences that differ, each by `tailscale set`; everything else that an administrator set stays.

    + preferences: as they shall be; a function is asked when the operation runs, and answers None where it can't know yet
    + after: those that an earlier operation of the run will have set (for the preview)
    """
    found = host.get_fact(Prefs)
    wanted = preferences() if callable(preferences) else preferences
    if found is None or ((wanted is None or not found.known) and state.is_executing):
        yield fail(
            "tailscale's preferences could not be read"
            if found is None or not found.known
            else "the routes to advertise are not known"
        )
        return
    if wanted is None or not (found.known or after):
        yield StringCommand("true")
        return
    current = _current_flags(found) | (after.flags(found) if after and not state.is_executing else {})
    wrong = {flag: value for flag, value in wanted.flags(found).items() if current[flag] != value}
    if not wrong:
        host.noop("preferences are as wanted")
        return
    yield StringCommand("tailscale set", *(QuoteString(f"--{flag}={value}") for flag, value in wrong.items()))


def _current_flags(found: ClientPrefs) -> dict[str, str]:
    return {
        "hostname": found.hostname,
        "accept-routes": str(found.accept_routes).lower(),
        "accept-dns": str(found.accept_dns).lower(),
        "advertise-routes": ",".join(found.advertise_routes),
        "snat-subnet-routes": str(found.snat_subnet_routes).lower(),
        "stateful-filtering": str(found.stateful_filtering).lower(),
        "netfilter-mode": found.netfilter_mode,
    }


def _log_in(coordinator: str, tag: str, flags: Mapping[str, str], again: bool) -> Generator[StringCommand, None, None]:
    try:
        made = remote.run(
            coordinator,
            f"headscale preauthkeys create --tags {shlex.quote(tag)} --expiration {KEY_LIFETIME} --output json",
        )
        key_id, key = parse_key(made)
    except (remote.RemoteFailure, ValueError) as failure:
        yield fail(f"no key for the tailnet could be made: {failure}")
        return
    # The script ends well in either case, so that the key is always removed from the coordinator.
    yield StringCommand("sh -s", _stdin=_up_script(key, flags, again))
    try:
        remote.run(
            coordinator, f"headscale preauthkeys delete --id {key_id} || headscale preauthkeys expire --id {key_id}"
        )
    except remote.RemoteFailure as failure:
        yield fail(f"the key of this login (id {key_id}) could not be removed: {failure}")
        return
    yield StringCommand(
        f'set -- $(head -n 1 {LOG_FILE}); test "$1" = 0 || {{ tail -n +2 {LOG_FILE} >&2; exit 1; }}; rm -f {LOG_FILE}'
    )


def _up_script(key: str, flags: Mapping[str, str], again: bool) -> str:
    """Log in by a key that only lies in a file under /run, and only as long as that takes. The first line of the log is the result."""
    arguments = " ".join(shlex.quote(f"--{flag}={value}") for flag, value in flags.items())
    force = "--force-reauth " if again else ""
    return (
        f"umask 077\ntrap 'rm -f {KEY_FILE} {LOG_FILE}.part' EXIT\ntrap 'exit 1' HUP INT TERM\n"
        f"cat > {KEY_FILE} <<'END-OF-KEY'\n{key}\nEND-OF-KEY\n"
        f"tailscale up {force}--auth-key=file:{KEY_FILE} {arguments} < /dev/null > {LOG_FILE}.part 2>&1\n"
        f"{{ echo $?; sed 's/hskey-[A-Za-z0-9_-]*/(key)/g' {LOG_FILE}.part; }} > {LOG_FILE}\n"
    )


@operation()
def log_out() -> Generator[StringCommand, None, None]:
    """Have this host's client leave the tailnet."""
    found = host.get_fact(Status)
    if found is None:
        yield fail("tailscale's state could not be read")
    elif found.state in ("absent", "NeedsLogin", "unreachable"):
        host.noop("the host is in no tailnet")
    else:
        yield StringCommand("timeout 60 tailscale logout")
