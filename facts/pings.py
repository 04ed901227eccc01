"""How a host reaches others, as measured from it."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from cluster.observed import network, tailscale
from facts.base import Fact, parse_errors_as_fact_errors

# WireGuard tries its handshake again after 5 s (its REKEY_TIMEOUT): a pair that never spoke before may lose two.
PING_S = 16
# Two round trips by the relay, and the handshake.
WARM_S = 4
EVERY_S = 0.2
# `ADDRESS ENDPOINT` of each peer to which tailscaled sends directly now.
_DIRECT = (
    "timeout 10 tailscale status --json 2>/dev/null | "
    """awk -F'"' '/"TailscaleIPs": \\[/ {getline; ip = $2} /"CurAddr": "[^"]/ {print ip, $4}'"""
)


class TailnetPaths(Fact[dict[str, tailscale.Path] | None]):
    """Tailnet address → the path when it is established.

    Two packets to each address begin the search for a direct path: while nothing was sent, tailscaled keeps none.
    If both are answered and tailscaled sends to the address directly, the path is up.
    For each other address `tailscale ping` tries until a direct path is found or its tries are over, each of four seconds.
    """

    depends_on_other_hosts = True

    def command(self, addresses: Sequence[str], tries: int = 5) -> str:
        wanted = " ".join(shlex.quote(address) for address in addresses)
        warm = f'ping -n -q -c 2 -i 0.5 -w {WARM_S} "$t" >/dev/null 2>&1 && echo "$t"'
        ping = f'timeout 30 tailscale ping --c {tries} --timeout 4s --until-direct "$t" 2>&1'
        return (
            f"command -v tailscale >/dev/null || {{ echo absent; exit 0; }}; export LC_ALL=C; echo asked {wanted}; "
            f"up=$(for t in {wanted}; do ({warm}) & done; wait); direct=$({_DIRECT}); "
            f'for t in {wanted}; do at=$(echo "$direct" | sed -n "s/^$t //p"); '
            f'if test -n "$at" && echo "$up" | grep -qxF "$t"; then echo "$t up $at"; '
            f'else ({ping} | sed "s/^/$t /") & fi; done; wait'
        )

    @parse_errors_as_fact_errors
    def process(self, output: list[str]) -> dict[str, tailscale.Path]:
        return tailscale.parse_pings(output)


class RoundTrips(Fact[dict[str, network.RoundTrip] | None]):
    """Address → the least of several round trips, by ICMP echo requests; addresses that don't answer are left out.

    The least is the path's own time: queues and busy processors only add to it, differently each time.
    The requests to different addresses begin one after the other, so that no two of them wait for each other.
    """

    depends_on_other_hosts = True

    def command(self, addresses: Sequence[str], count: int) -> str:
        wanted = " ".join(shlex.quote(address) for address in addresses)
        ping = f'ping -n -q -c {count} -i {EVERY_S} -w {count * EVERY_S + 3:.0f} "$t" 2>/dev/null'
        return (
            f"export LC_ALL=C; echo asked; for t in {wanted}; do "
            f'({ping} | sed -n "s/^r[^=]*= */$t /p") & sleep {EVERY_S / max(1, len(addresses)):.3f}; done; wait'
        )

    @parse_errors_as_fact_errors
    def process(self, output: list[str]) -> dict[str, network.RoundTrip]:
        return network.parse_round_trips(output)


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


def until_answered(addresses: Sequence[str], seconds: int) -> str:
    """Text for sh that pings addresses until each has answered once, for at most `seconds`; it prints the silent ones."""
    wanted = " ".join(shlex.quote(address) for address in addresses)
    return (
        f"left={shlex.quote(wanted)}; end=$(($(date +%s) + {seconds})); "
        'while left=$(for t in $left; do (ping -n -q -c 1 -w 5 "$t" >/dev/null 2>&1 || echo "$t") & done; wait); '
        'test -n "$left" && test "$(date +%s)" -lt "$end"; do sleep 1; done; echo $left'
    )
