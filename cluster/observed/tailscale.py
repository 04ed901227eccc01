"""What the tailscale client prints: status, preferences, pings and its check of the network."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

_PONG = re.compile(r"pong from \S+ \(\S+\) via (?P<via>\S+) in (?P<time>[\d.]+)(?P<unit>µs|us|ms|s)")
# Both together make an exit node; `tailscale set --advertise-routes` leaves them as they are.
EXIT_ROUTES = frozenset({"0.0.0.0/0", "::/0"})
_TO_MS = {"µs": 0.001, "us": 0.001, "ms": 1.0, "s": 1000.0}


@dataclass(frozen=True)
class Peer:
    """Another machine of the tailnet, as this host sees it.

    `path` is `direct` (at the address in `direct`), `relayed` (by the region in `relay`), or `none` if nothing was sent to it
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
    """The client's state. `state` is tailscale's own word, `absent` without tailscale, `unreachable` if tailscaled is silent.

    `routes`: the routes of this host that the tailnet uses. `tags`: its own tags. `exit_node`: address of the exit node that it uses.
    """

    state: str
    version: str = ""
    hostname: str = ""
    node_key: str = ""
    addresses: tuple[str, ...] = ()
    routes: tuple[str, ...] = ()
    health: tuple[str, ...] = ()
    peers: tuple[Peer, ...] = ()
    tags: tuple[str, ...] = ()
    exit_node: str = ""

    @property
    def running(self) -> bool:
        """Logged in and up."""
        return self.state == "Running"

    def to_json(self) -> dict[str, object]:
        """Plain values, for pyinfra's --json."""
        return asdict(self)


@dataclass(frozen=True)
class ClientPrefs:
    """The client's preferences, named as the flags of `tailscale set`; `known` is false if no tailscaled answers.

    `exit_node`: address of the exit node, `auto:any`, or empty; empty too if only its id is known.
    `advertise_routes` has no exit routes: they are `advertise-exit-node` in `up`.
    """

    known: bool
    login_server: str = ""
    hostname: str = ""
    accept_routes: bool = False
    accept_dns: bool = True
    advertise_routes: tuple[str, ...] = ()
    snat_subnet_routes: bool = True
    stateful_filtering: bool = False
    netfilter_mode: str = "on"
    logged_out: bool = False
    # What an administrator may have set, by its flag → value, if it is not at its default: `up` are flags of `tailscale up` too.
    up: dict[str, str] = field(default_factory=dict)
    set: dict[str, str] = field(default_factory=dict)
    exit_node: str = ""

    def to_json(self) -> dict[str, object]:
        """Plain values, for pyinfra's --json."""
        return asdict(self)


@dataclass(frozen=True)
class Path:
    """A path over the tailnet; `via` is the peer's address and port, or the relay's region; latency is a round trip."""

    kind: Literal["direct", "relayed", "none"]
    latency_ms: float | None = None
    via: str = ""

    def to_json(self) -> dict[str, object]:
        """Plain values, for pyinfra's --json."""
        return asdict(self)


def parse_status(lines: Sequence[str]) -> ClientStatus:
    """The state in `tailscale status --json`, of 1.80 and later; ValueError if it is no JSON."""
    found = json.loads("\n".join(lines))
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
        tags=tuple(this.get("Tags") or ()),
        exit_node=next(
            (one.split("/")[0] for one in (found.get("ExitNodeStatus") or {}).get("TailscaleIPs") or ()), ""
        ),
        peers=tuple(sorted((_peer(peer) for peer in (found.get("Peer") or {}).values()), key=lambda peer: peer.name)),
    )


def parse_prefs(lines: Sequence[str]) -> ClientPrefs:
    """The preferences in `tailscale debug prefs`, which may leave out what is at its default; ValueError if it is no JSON."""
    found = json.loads("\n".join(lines))
    if isinstance(found, str):
        return ClientPrefs(known=False)
    return ClientPrefs(
        known=True,
        login_server=found.get("ControlURL") or "",
        hostname=found.get("Hostname") or "",
        accept_routes=bool(found.get("RouteAll")),
        accept_dns=bool(found.get("CorpDNS")),
        advertise_routes=tuple(sorted(set(found.get("AdvertiseRoutes") or ()) - EXIT_ROUTES)),
        snat_subnet_routes=not found.get("NoSNAT"),
        # An opt.Bool: true, false, or left out and then off.
        stateful_filtering=found.get("NoStatefulFiltering") in (False, "false"),
        netfilter_mode=("off", "nodivert", "on")[int(found.get("NetfilterMode", 2))],
        logged_out=bool(found.get("LoggedOut")),
        up=_up_flags(found),
        set=_set_flags(found),
        exit_node=_exit_node(found),
    )


def _up_flags(found: Mapping[str, Any]) -> dict[str, str]:
    """Flags that each `tailscale up` must mention, or it refuses to do anything (its cli/up.go, checkForAccidentalSettingReverts)."""
    switched = {
        "ssh": found.get("RunSSH"),
        "shields-up": found.get("ShieldsUp"),
        "advertise-exit-node": set(found.get("AdvertiseRoutes") or ()) >= EXIT_ROUTES,
        "advertise-connector": (found.get("AppConnector") or {}).get("Advertise"),
    }
    flags = {flag: "true" for flag, is_on in switched.items() if is_on}
    if found.get("OperatorUser"):
        flags["operator"] = found["OperatorUser"]
    return flags


def _set_flags(found: Mapping[str, Any]) -> dict[str, str]:
    """Flags of `tailscale set` that a login puts back to their defaults, or that `up` has in some versions only."""
    updates = found.get("AutoUpdate") or {}
    flags = {
        "webclient": "true" if found.get("RunWebClient") else "",
        "report-posture": "true" if found.get("PostureChecking") else "",
        "exit-node-allow-lan-access": "true" if found.get("ExitNodeAllowLANAccess") else "",
        "auto-update": str(updates["Apply"]).lower() if updates.get("Apply") is True else "",
        "update-check": "false" if updates.get("Check") is False else "",
        "relay-server-port": "" if found.get("RelayServerPort") is None else str(found["RelayServerPort"]),
        "relay-server-static-endpoints": ",".join(found.get("RelayServerStaticEndpoints") or ()),
    }
    return {flag: value for flag, value in flags.items() if value}


def _exit_node(found: Mapping[str, Any]) -> str:
    automatic = found.get("AutoExitNode")
    return f"auto:{automatic}" if automatic else found.get("ExitNodeIP") or ""


def parse_pings(lines: Sequence[str]) -> dict[str, Path]:
    """The answers after each address: `up ENDPOINT` of a path that is direct already, or lines of `tailscale ping`.

    Of pongs, the last one's kind counts, and the least time of that kind.
    """
    paths: dict[str, Path] = {}
    for line in lines:
        if line.startswith("asked "):
            paths = {address: Path("none") for address in line.split()[1:]}
            continue
        address, _, answer = line.partition(" ")
        pong = _PONG.search(answer)
        if pong:
            kind: Literal["direct", "relayed"] = "relayed" if pong["via"].startswith("DERP") else "direct"
            took = round(float(pong["time"]) * _TO_MS[pong["unit"]], 1)
            before = paths.get(address, Path("none"))
            least = min(took, before.latency_ms or took) if before.kind == kind else took
            paths[address] = Path(kind, least, pong["via"])
        elif answer.startswith("up "):
            paths[address] = Path("direct", via=answer.removeprefix("up "))
    return paths


def parse_netcheck(lines: Sequence[str]) -> bool | None:
    """Whether UDP reaches the internet, as `tailscale netcheck` reports it; None if it does not."""
    return next(("true" in line for line in lines if "UDP:" in line), None)


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
