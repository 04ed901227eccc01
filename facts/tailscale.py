"""What a host's tailscale client reports of itself and of its peers."""

from __future__ import annotations

import shlex

from cluster.observed import tailscale
from facts.base import Fact, parse_errors_as_fact_errors

# One JSON value in every case: a name in quotes if there is no client, or none that answers.
# A client that was just started does not know its own state yet: it is asked again.
_ASK = (
    "command -v tailscale >/dev/null || { echo '\"absent\"'; exit 0; }; "
    "for try in 1 2 3 4 5; do answer=$(timeout 10 tailscale QUESTION 2>/dev/null) || answer='\"unreachable\"'; "
    'case "$answer" in *\'"BackendState": "NoState"\'* | *\'"BackendState": "Starting"\'*) sleep 1;; *) break;; esac; done; '
    "printf '%s\\n' \"$answer\""
)


class Status(Fact[tailscale.ClientStatus | None]):
    """`tailscale status`; None = could not be read."""

    depends_on_other_hosts = True

    def command(self) -> str:
        return _ASK.replace("QUESTION", "status --json")

    @parse_errors_as_fact_errors
    def process(self, output: list[str]) -> tailscale.ClientStatus:
        return tailscale.parse_status(output)


class Prefs(Fact[tailscale.ClientPrefs | None]):
    """The client's preferences; None = could not be read."""

    depends_on_other_hosts = True

    def command(self) -> str:
        return _ASK.replace("QUESTION", "debug prefs")

    @parse_errors_as_fact_errors
    def process(self, output: list[str]) -> tailscale.ClientPrefs:
        return tailscale.parse_prefs(output)


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
