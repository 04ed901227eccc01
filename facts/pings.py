"""How a host reaches others, as measured from it."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Literal

from facts.base import Fact, parse_errors_as_fact_errors

_PONG = re.compile(r"pong from \S+ \(\S+\) via (?P<via>\S+) in (?P<time>[\d.]+)(?P<unit>µs|us|ms|s)")
# WireGuard tries its handshake again after 5 s (its REKEY_TIMEOUT): a pair that never spoke before may lose two.
PING_S = 16
_TO_MS = {"µs": 0.001, "us": 0.001, "ms": 1.0, "s": 1000.0}


@dataclass(frozen=True)
class Path:
    """A path over the tailnet; `via` is the peer's address and port, or the relay's region; latency is a round trip."""

    kind: Literal["direct", "relayed", "none"]
    latency_ms: float | None = None
    via: str = ""

    def to_json(self) -> dict[str, object]:
        """Plain values, for pyinfra's --json."""
        return asdict(self)


class TailnetPaths(Fact[dict[str, Path] | None]):
    """Tailnet address → path, measured by `tailscale ping` until a direct one is found or five tries are over."""

    depends_on_other_hosts = True

    def command(self, addresses: Sequence[str]) -> str:
        wanted = " ".join(shlex.quote(address) for address in addresses)
        ping = 'timeout 30 tailscale ping --c 5 --timeout 4s --until-direct "$t" 2>&1'
        return (
            f"command -v tailscale >/dev/null || {{ echo absent; exit 0; }}; echo asked {wanted}; "
            f'for t in {wanted}; do ({ping} | sed "s/^/$t /") & done; wait'
        )

    @parse_errors_as_fact_errors
    def process(self, output: list[str]) -> dict[str, Path]:
        return parse_pings(output)


class Answers(Fact[dict[str, bool] | None]):
    """Address → whether it answers an ICMP echo request within sixteen seconds, by whatever route the host has."""

    depends_on_other_hosts = True

    def command(self, addresses: Sequence[str]) -> str:
        wanted = " ".join(shlex.quote(address) for address in addresses)
        ping = f'ping -n -q -c 1 -w {PING_S} "$t" >/dev/null 2>&1 && echo "$t yes" || echo "$t no"'
        return f"echo asked; for t in {wanted}; do ({ping}) & done; wait"

    @parse_errors_as_fact_errors
    def process(self, output: list[str]) -> dict[str, bool]:
        return {address: answer == "yes" for address, answer in (line.split() for line in output[1:])}


def parse_pings(lines: Sequence[str]) -> dict[str, Path]:
    """The lines of `tailscale ping`, each after the address that was asked; the last answer of each counts."""
    paths: dict[str, Path] = {}
    for line in lines:
        if line.startswith("asked "):
            paths = {address: Path("none") for address in line.split()[1:]}
            continue
        address, _, said = line.partition(" ")
        pong = _PONG.search(said)
        if pong:
            kind: Literal["direct", "relayed"] = "relayed" if pong["via"].startswith("DERP") else "direct"
            paths[address] = Path(kind, round(float(pong["time"]) * _TO_MS[pong["unit"]], 1), pong["via"])
    return paths
