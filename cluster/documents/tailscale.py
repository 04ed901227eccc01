"""The tailscale client of a host: its wanted preferences, and a login that keeps what an administrator has set."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Network

from cluster.observed.tailscale import ClientPrefs, ClientStatus

KEY_FILE = "/run/isthmus-tailnet.key"
LOG_FILE = "/run/isthmus-tailnet.log"
UP_TIMEOUT_S = 60
_OF_A_TAILNET = ("exit-node-allow-lan-access",)
# `up` has these in some versions only: they are off while it runs.
_OFF_MEANWHILE = ("exit-node-allow-lan-access", "report-posture")


@dataclass(frozen=True)
class Preferences:
    """A client's wanted preferences. Advertised routes within `keep` stay (None: none stay): another phase of the deploy owns them."""

    hostname: str
    routes: tuple[IPv4Network, ...] = ()
    keep: IPv4Network | None = None

    def flags(self, found: ClientPrefs) -> dict[str, str]:
        """Flag of `tailscale up` and `tailscale set` → its value."""
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


def current_flags(found: ClientPrefs) -> dict[str, str]:
    """The same flags, as they are set now."""
    return {
        "hostname": found.hostname,
        "accept-routes": str(found.accept_routes).lower(),
        "accept-dns": str(found.accept_dns).lower(),
        "advertise-routes": ",".join(found.advertise_routes),
        "snat-subnet-routes": str(found.snat_subnet_routes).lower(),
        "stateful-filtering": str(found.stateful_filtering).lower(),
        "netfilter-mode": found.netfilter_mode,
    }


@dataclass(frozen=True)
class Login:
    """A login: the flags of `tailscale up`, and the flags of `tailscale set` by which preferences are set again after it.

    `up` refuses to change what it is not given, and puts all else to its default: so each preference of an administrator is in one of
    the two. `exit_node` is apart, because `up` refuses it if the client does not see that machine at the moment.
    """

    flags: Mapping[str, str]
    again: Mapping[str, str] = field(default_factory=dict)
    exit_node: str = ""

    @classmethod
    def of(cls, server: str, preferences: Preferences, status: ClientStatus, found: ClientPrefs) -> Login:
        """The login for a client with these preferences. What belongs to another tailnet (its exit node, its tags) does not come along."""
        is_moved = found.login_server not in ("", server)
        exit_node = "" if is_moved else found.exit_node or status.exit_node
        again = {flag: value for flag, value in found.set.items() if flag not in _OF_A_TAILNET or not is_moved}
        # The tag comes from the pre-auth key. Nobody else is asked: the machine may be reached by the tailnet itself.
        fixed = {"advertise-tags": "", "accept-risk": "lose-ssh", "timeout": f"{UP_TIMEOUT_S}s"}
        return cls({"login-server": server, **fixed, **found.up, **preferences.flags(found)}, again, exit_node)


def up_script(key: str, login: Login, again: bool) -> str:
    """A script that logs in by a key which is in a file under /run only while it runs. The first line of its log is the exit status.

    What an administrator has set is set again in every outcome of the login.
    """
    up = f"tailscale up {'--force-reauth ' if again else ''}--auth-key=file:{KEY_FILE} {_arguments(login.flags)}"
    node = shlex.quote(f"--exit-node={login.exit_node}")
    off = {flag: "false" for flag in _OFF_MEANWHILE if flag in login.again}
    return (
        f"umask 077\ntrap 'rm -f {KEY_FILE} {LOG_FILE}.part' EXIT\ntrap 'exit 1' HUP INT TERM\n"
        f"cat > {KEY_FILE} <<'END-OF-KEY'\n{key}\nEND-OF-KEY\n"
        f'up() {{ {up} "$@" < /dev/null > {LOG_FILE}.part 2>&1; }}\n'
        f"{f'tailscale set {_arguments(off)}' if off else ':'}\n"
        f"up {node}; status=$?\n"
        f"if test $status != 0 && grep -q netmap {LOG_FILE}.part; then tailscale set --exit-node=; up --exit-node=; status=$?; "
        f"tailscale set {node} || true; fi\n"
        f"{f'tailscale set {_arguments(login.again)} || status=1' if login.again else ':'}\n"
        f"{{ echo $status; sed 's/hskey-[A-Za-z0-9_-]*/(key)/g' {LOG_FILE}.part; }} > {LOG_FILE}\n"
    )


def _arguments(flags: Mapping[str, str]) -> str:
    return " ".join(shlex.quote(f"--{flag}={value}") for flag, value in flags.items())
