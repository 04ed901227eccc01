"""What a host's tailscale client says of itself and of the others."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from facts.base import Fact, parse_errors_as_fact_errors

ABSENT = "absent"
UNREACHABLE = "unreachable"
# One JSON value in every case: a name in quotes where there is no client, or none that answers.
# A client that was just started does not know its own state yet: it is asked again.
_ASK = (
    "command -v tailscale >/dev/null || { echo '\"absent\"'; exit 0; }; "
    "for try in 1 2 3 4 5; do answer=$(timeout 10 tailscale QUESTION 2>/dev/null) || answer='\"unreachable\"'; "
    'case "$answer" in *\'"BackendState": "NoState"\'* | *\'"BackendState": "Starting"\'*) sleep 1;; *) break;; esac; done; '
    "printf '%s\\n' \"$answer\""
)


@dataclass(frozen=True)
class Peer:
    """Another machine of the tailnet, as this host sees it.

    `path` is `direct` (at the address in `direct`), `relayed` (by the region in `relay`), or `none` where nothing was sent to it
    lately.
    """

    name: str
    addresses: tuple[str, ...]
    routes: tuple[str, ...]
    tags: tuple[str, ...]
    online: bool
    active: bool
    direct: str
    relay: str
    received: int
    sent: int
    path: str

    def to_json(self) -> dict[str, object]:
        """Plain values, for pyinfra's --json."""
        return asdict(self)


@dataclass(frozen=True)
class ClientStatus:
    """The client's state. `state` is tailscale's own word, `absent` without tailscale, `unreachable` where tailscaled is silent.

    `routes`: those that the coordination server has this host serve.
    """

    state: str
    version: str = ""
    hostname: str = ""
    node_key: str = ""
    addresses: tuple[str, ...] = ()
    routes: tuple[str, ...] = ()
    health: tuple[str, ...] = ()
    peers: tuple[Peer, ...] = ()

    @property
    def running(self) -> bool:
        """Logged in and up."""
        return self.state == "Running"

    def to_json(self) -> dict[str, object]:
        """Plain values, for pyinfra's --json."""
        return asdict(self)


@dataclass(frozen=True)
class ClientPrefs:
    """The client's preferences, named as the flags of `tailscale set`; `known` is false where no tailscaled answers."""

    known: bool
    login_server: str = ""
    hostname: str = ""
    accept_routes: bool = False
    accept_dns: bool = True
    advertise_routes: tuple[str, ...] = ()
    snat_subnet_routes: bool = True
    stateful_filtering: bool = False
    netfilter_mode: str = "on"
    want_running: bool = False
    logged_out: bool = False

    def to_json(self) -> dict[str, object]:
        """Plain values, for pyinfra's --json."""
        return asdict(self)


class Status(Fact[ClientStatus | None]):
    """`tailscale status`; None = could not be read."""

    depends_on_other_hosts = True

    def command(self) -> str:
        return _ASK.replace("QUESTION", "status --json")

    @parse_errors_as_fact_errors
    def process(self, output: list[str]) -> ClientStatus:
        return parse_status("\n".join(output))


class Prefs(Fact[ClientPrefs | None]):
    """The client's preferences; None = could not be read."""

    depends_on_other_hosts = True

    def command(self) -> str:
        return _ASK.replace("QUESTION", "debug prefs")

    @parse_errors_as_fact_errors
    def process(self, output: list[str]) -> ClientPrefs:
        return parse_prefs("\n".join(output))


class StaleConnections(Fact[list[str] | None]):
    """Addresses to which this host's tailscaled talks at `port`, though `server` leads to others; None = unknown."""

    def command(self, server: str, port: int) -> str:
        return (
            f"echo addresses; now=$(getent ahostsv4 {shlex.quote(server)} | cut -d ' ' -f 1 | sort -u); test -n \"$now\" || exit 0; "
            f"ss -Htnp state established 'dport = :{port}' 2>/dev/null | awk '/\"tailscaled\"/ {{sub(/:[0-9]+$/, \"\", $4); print $4}}' | "
            'sort -u | grep -vxF "$now"; true'
        )

    def process(self, output: list[str]) -> list[str]:
        return output[1:]


def parse_status(text: str) -> ClientStatus:
    """The state in `tailscale status --json`, of 1.80 and later."""
    found = json.loads(text)
    if isinstance(found, str):
        return ClientStatus(found)
    this = found.get("Self") or {}
    return ClientStatus(
        state=found["BackendState"],
        version=found.get("Version", "").split("-")[0],
        hostname=this.get("HostName", ""),
        node_key=this.get("PublicKey", ""),
        addresses=tuple(found.get("TailscaleIPs") or ()),
        routes=tuple(this.get("PrimaryRoutes") or ()),
        health=tuple(found.get("Health") or ()),
        peers=tuple(sorted((_peer(peer) for peer in (found.get("Peer") or {}).values()), key=lambda peer: peer.name)),
    )


def parse_prefs(text: str) -> ClientPrefs:
    """The preferences in `tailscale debug prefs`; what is at its default may be left out there."""
    found = json.loads(text)
    if isinstance(found, str):
        return ClientPrefs(known=False)
    return ClientPrefs(
        known=True,
        login_server=found.get("ControlURL") or "",
        hostname=found.get("Hostname") or "",
        accept_routes=bool(found.get("RouteAll")),
        accept_dns=bool(found.get("CorpDNS")),
        advertise_routes=tuple(sorted(found.get("AdvertiseRoutes") or ())),
        snat_subnet_routes=not found.get("NoSNAT"),
        # An opt.Bool: true, false, or left out and then off.
        stateful_filtering=found.get("NoStatefulFiltering") in (False, "false"),
        netfilter_mode=("off", "nodivert", "on")[int(found.get("NetfilterMode", 2))],
        want_running=bool(found.get("WantRunning")),
        logged_out=bool(found.get("LoggedOut")),
    )


def _peer(peer: Mapping[str, Any]) -> Peer:
    direct, relay = peer.get("CurAddr") or "", peer.get("Relay") or ""
    return Peer(
        name=peer.get("HostName", ""),
        addresses=tuple(peer.get("TailscaleIPs") or ()),
        routes=tuple(peer.get("PrimaryRoutes") or ()),
        tags=tuple(peer.get("Tags") or ()),
        online=bool(peer.get("Online")),
        active=bool(peer.get("Active")),
        direct=direct,
        relay=relay,
        received=int(peer.get("RxBytes") or 0),
        sent=int(peer.get("TxBytes") or 0),
        path="direct" if direct else "relayed" if relay and peer.get("Active") else "none",
    )
