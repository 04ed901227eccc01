"""How a host reaches others, as measured from it."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from cluster.observed import network, tailscale
from facts.base import Fact, parse_errors_as_fact_errors

# WireGuard tries its handshake again after 5 s (its REKEY_TIMEOUT): a pair that never spoke before may lose two.
PING_S = 16


class TailnetPaths(Fact[dict[str, tailscale.Path] | None]):
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
    def process(self, output: list[str]) -> dict[str, tailscale.Path]:
        return tailscale.parse_pings(output)


class Answers(Fact[dict[str, bool] | None]):
    """Address → whether it answers an ICMP echo request within sixteen seconds, by the route that the host has."""

    depends_on_other_hosts = True

    def command(self, addresses: Sequence[str]) -> str:
        wanted = " ".join(shlex.quote(address) for address in addresses)
        ping = f'ping -n -q -c 1 -w {PING_S} "$t" >/dev/null 2>&1 && echo "$t yes" || echo "$t no"'
        return f"echo asked; for t in {wanted}; do ({ping}) & done; wait"

    @parse_errors_as_fact_errors
    def process(self, output: list[str]) -> dict[str, bool]:
        return network.parse_answers(output)
