"""How a host passes packets on: routing rules, forwarding, and the filters of its image and of other programs."""

from __future__ import annotations

from cluster.documents.iptables import Filters, parse_filters
from cluster.observed import network, nftables
from facts.base import Fact, parse_errors_as_fact_errors

# Where `ip rule to LAN lookup main` stands: before tailscale's own rules, which begin at 5210.
RULE_PRIORITY = 2500
# Our nftables table. The firewall proper is another one, so that each can be replaced as a whole.
CLAMP_TABLE = "isthmus_mss"
SCRIPT = "/usr/local/lib/isthmus/host-rules"
# What the deploy has added to firewalld: a call of firewall-cmd each line, in the shell's words.
FIREWALLD = "/usr/local/lib/isthmus/firewalld"
RULES_V4 = "/etc/iptables/rules.v4"


class Forwarding(Fact[network.ForwardingState | None]):
    """Rules at our priority, forwarding and segment clamp as they are now; None = could not be read."""

    def command(self) -> str:
        return (
            f'ip -4 rule show | awk \'$1 == "{RULE_PRIORITY}:" {{for (i = 2; i < NF; i++) if ($i == "to") print "rule " $(i+1)}}\'; '
            'echo "forwarding $(cat /proc/sys/net/ipv4/ip_forward)"; '
            f"command -v nft >/dev/null && nft list table inet {CLAMP_TABLE} 2>/dev/null | sed -n '/maxseg size set rt mtu/s/^[ \\t]*/clamp /p'; true"
        )

    @parse_errors_as_fact_errors
    def process(self, output: list[str]) -> network.ForwardingState:
        return network.parse_forwarding(output)


class Mtus(Fact[dict[str, int] | None]):
    """Interface → the largest packet that it carries, in bytes; None = unknown."""

    def command(self) -> str:
        return 'for m in /sys/class/net/*/mtu; do l=${m%/mtu}; echo "${l##*/} $(cat "$m")"; done'

    @parse_errors_as_fact_errors
    def process(self, output: list[str]) -> dict[str, int]:
        return {name: int(size) for name, size in (line.split() for line in output)}


class PacketFilter(Fact[Filters | None]):
    """The iptables rules in use and those kept for the next boot; None = could not be read."""

    depends_on_other_hosts = True

    def command(self) -> str:
        return (
            'case "$(readlink -f "$(command -v iptables)")" in *nft*) echo "== default nft";; *legacy*) echo "== default legacy";; *) echo "== default none";; esac; '
            'echo "== live nft"; if command -v iptables-nft-save >/dev/null; then iptables-nft-save -t filter 2>/dev/null; fi; '
            # Asking the legacy tool for a table would create it.
            'echo "== live legacy"; if grep -qs filter /proc/net/ip_tables_names; then iptables-legacy-save -t filter; fi; '
            f'if test -e {RULES_V4}; then echo "== kept"; echo begins; base64 {RULES_V4} && echo ends; fi; '
            f'if test -e {SCRIPT}; then echo "== script"; cat {SCRIPT}; fi; echo "== end"'
        )

    @parse_errors_as_fact_errors
    def process(self, output: list[str]) -> Filters:
        return parse_filters(output)


class Saved(Fact[dict[str, list[str]] | None]):
    """What each of iptables' tools saves: tool (such as ip6tables-nft) → lines; tools that have no table are left out. None = unknown."""

    depends_on_other_hosts = True

    def command(self) -> str:
        # Asking a legacy tool for a table would create it.
        return (
            "echo '== begin'; for t in iptables-nft iptables-legacy ip6tables-nft ip6tables-legacy; do command -v $t-save >/dev/null || continue; "
            "case $t in iptables-legacy) test -s /proc/net/ip_tables_names || continue;; ip6tables-legacy) test -s /proc/net/ip6_tables_names || continue;; esac; "
            'echo "== $t"; $t-save 2>/dev/null; done'
        )

    @parse_errors_as_fact_errors
    def process(self, output: list[str]) -> dict[str, list[str]]:
        return network.parse_saved_rules(output[1:])


class NftTables(Fact[list[tuple[str, str]] | None]):
    """The tables of nftables, as (family, name); None = unknown."""

    depends_on_other_hosts = True

    def command(self) -> str:
        return "echo tables; command -v nft >/dev/null || exit 0; nft list tables"

    @parse_errors_as_fact_errors
    def process(self, output: list[str]) -> list[tuple[str, str]]:
        return network.parse_nft_tables(output)


class Ruleset(Fact[nftables.Ruleset | None]):
    """The tables of nftables that are neither ours, nor kube-proxy's or flannel's, nor made by iptables; None = could not be read."""

    depends_on_other_hosts = True

    def command(self) -> str:
        return _RULESET

    @parse_errors_as_fact_errors
    def process(self, output: list[str]) -> nftables.Ruleset:
        return nftables.parse_ruleset(output)


class PodRoutes(Fact[list[str] | None]):
    """Destinations that the main table throws away (flannel does so with its node's own network); None = unknown."""

    depends_on_other_hosts = True

    def command(self) -> str:
        return "echo routes; ip -4 route show type blackhole | awk '{print $2}'"

    def process(self, output: list[str]) -> list[str]:
        return output[1:]


# A table that iptables-nft can save as a whole is iptables' own, and is read by PacketFilter. No packet of ours needs IPv6.
_RULESET = r"""
echo ruleset; command -v nft > /dev/null || exit 0
ip -o -4 address show | awk '{print "address " $2 " " $4}'
nft list tables 2>/dev/null | while read -r _ f n; do
  case "$f $n" in
    ip6*|bridge*|arp*|netdev*|*" isthmus"*|*" kube-proxy"|*" flannel-ipv"*) continue;;
    "ip filter"|"ip nat"|"ip mangle"|"ip raw"|"ip security") if command -v iptables-nft-save > /dev/null && ! iptables-nft-save -t "$n" 2>&1 | head -n 2 | grep -q "use 'nft' tool"; then continue; fi;;
  esac
  if test "$n" = firewalld; then echo "firewalld $(timeout 10 firewall-cmd --state 2>/dev/null)"; fi
  nft -j list table "$f" "$n" 2>/dev/null | tr -d '\n'; echo
done
"""
