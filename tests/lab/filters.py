"""The packet filters of a host, as a test compares them: without counters, dates, and what kernel and tools add by themselves."""

from __future__ import annotations

import re

from tests.lab.conftest import Rehearsal

# Every tool of iptables that has tables, and all of nftables.
RULES = (
    "for t in iptables-nft iptables-legacy ip6tables-nft ip6tables-legacy; do case $t in "
    "iptables-legacy) test -s /proc/net/ip_tables_names || continue;; ip6tables-legacy) test -s /proc/net/ip6_tables_names || continue;; esac; "
    "echo \"== $t\"; $t-save; done; echo '== nft'; nft list ruleset"
)


def rules(world: Rehearsal, host: str) -> list[str]:
    """The host's packet filters, as `parsed` tells them."""
    return parsed(world.on(host, RULES).stdout)


def parsed(text: str) -> list[str]:
    """What RULES printed: every rule, and every chain that somebody made or that refuses; without counters and dates.

    What kernel and tools add by themselves, built-in chains that are empty and accept, is left out.
    """
    lines = [re.sub(r"\[\d+:\d+\]|counter packets \d+ bytes \d+", "", line) for line in text.splitlines()]
    saved = [line.strip() for line in lines if not line.startswith("#")]
    tables, table, found = saved[: saved.index("== nft")], "", []
    for line in tables:
        table = line if line.startswith(("*", "== ")) else table
        if line.startswith(("-A", ":")) and not re.match(r":[A-Z]+ ACCEPT", line):
            found.append(f"{table} {line}")
    return found + native(saved[saved.index("== nft") :])


def native(lines: list[str]) -> list[str]:
    """The rules of `nft list ruleset`, each after its table and chain."""
    table, chain, found = "", "", []
    for line in lines:
        if line.startswith("table "):
            table = line
        elif line.startswith("chain "):
            chain = line
        elif line and line != "}" and not line.startswith(("==", "type ")):
            found.append(f"{table} {chain} {line}")
    return found
