"""What the coordinator's headscale knows: nodes and the routes that they offer."""

from __future__ import annotations

import shlex

from cluster.observed import headscale, network
from facts.base import Fact, parse_errors_as_fact_errors

# Hosts without headscale have no nodes; `unknown` stands for a headscale that does not answer.
LIST_NODES = "command -v headscale >/dev/null || { echo '[]'; exit 0; }; timeout 10 headscale nodes list --output json 2>/dev/null || echo unknown"


class Nodes(Fact[tuple[headscale.Node, ...] | None]):
    """The registered machines; empty on a host without headscale, None if headscale does not answer."""

    depends_on_other_hosts = True

    def command(self) -> str:
        return LIST_NODES

    @parse_errors_as_fact_errors
    def process(self, output: list[str]) -> tuple[headscale.Node, ...] | None:
        return headscale.parse_nodes(output)


class Routes(Fact[tuple[headscale.Route, ...] | None]):
    """The prefixes of every registered machine; empty on a host without headscale, None if headscale does not answer."""

    depends_on_other_hosts = True

    def command(self) -> str:
        return LIST_NODES

    @parse_errors_as_fact_errors
    def process(self, output: list[str]) -> tuple[headscale.Route, ...] | None:
        nodes = headscale.parse_nodes(output)
        return None if nodes is None else headscale.routes_of(nodes)


class Keys(Fact[tuple[headscale.Key, ...] | None]):
    """The keys for joining that headscale keeps; empty on a host without headscale, None if headscale does not answer."""

    depends_on_other_hosts = True

    def command(self) -> str:
        return LIST_NODES.replace("nodes list", "preauthkeys list")

    @parse_errors_as_fact_errors
    def process(self, output: list[str]) -> tuple[headscale.Key, ...] | None:
        return headscale.parse_keys(output)


class Standing(Fact[headscale.Standing | None]):
    """The headscale that the host has, of ours or of its owner; None = unknown."""

    # Machines of other hosts are in its database.
    depends_on_other_hosts = True

    def command(self) -> str:
        return _STANDING

    @parse_errors_as_fact_errors
    def process(self, output: list[str]) -> headscale.Standing:
        return headscale.parse_standing(output)


class Reachable(Fact[str | None]):
    """Why headscale does not answer at `login_server` from this host, in curl's words; empty when it does, None = unknown."""

    depends_on_other_hosts = True

    def command(self, login_server: str) -> str:
        url = shlex.quote(f"{login_server}/health")
        return (
            "if ! command -v curl >/dev/null; then echo 'curl is not installed'; "
            f'elif said=$(curl -fsS --max-time 5 -o /dev/null {url} 2>&1); then echo; else echo "${{said:-no answer}}"; fi'
        )

    def process(self, output: list[str]) -> str:
        return network.parse_text(output)


# The first line of our configuration names us. A headscale that is ours is asked no further.
_STANDING = r"""
echo headscale
for f in /etc/headscale/config.yaml /etc/headscale/config.yml /etc/headscale/config.json; do test -e "$f" || continue
  if head -n 1 "$f" | grep -q '^# Written by isthmus'; then echo "ours yes"; exit 0; fi
  echo "config $f"; sed -n 's/^server_url: */server /p' "$f" | head -n 1; break; done
for f in /var/lib/headscale/db.sqlite /var/lib/headscale/db.sqlite3; do if test -s "$f"; then echo "database $f"; fi; done
command -v headscale > /dev/null || exit 0
count() { timeout 5 headscale "$1" list --output json 2>/dev/null | grep -cE "$2"; }
echo "users $(count users '"created_?[aA]t"')"; echo "machines $(count nodes '"machine_?[kK]ey"')"
"""
