"""What nft prints of its tables as JSON (libnftables-json(5))."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

# iptables-nft keeps its rules in tables and base chains of these names; what else is in such a table, somebody wrote with nft.
_IPTABLES = ("filter", "nat", "mangle", "raw", "security")
_BUILT_IN = ("INPUT", "FORWARD", "OUTPUT", "PREROUTING", "POSTROUTING")


@dataclass(frozen=True)
class NftChain:
    """A chain. `hook`: where the kernel enters it, empty for a chain that others jump to; `rules`: the expressions of each rule."""

    family: str
    table: str
    name: str
    kind: str = ""
    hook: str = ""
    priority: int = 0
    policy: str = "accept"
    rules: tuple[tuple[Mapping[str, Any], ...], ...] = ()

    @property
    def place(self) -> str:
        """The chain as an argument of nft, such as `inet filter input`."""
        return f"{self.family} {self.table} {self.name}"


@dataclass(frozen=True)
class Ruleset:
    """The tables of nftables that are neither ours nor made by iptables, and the host's addresses.

    `chains` and `sets`: `FAMILY TABLE NAME` → chain or elements, of maps too; `interfaces`: address → interface; `has_firewalld`: it
    answers firewall-cmd.
    """

    chains: dict[str, NftChain] = field(default_factory=dict)
    sets: dict[str, tuple[Any, ...]] = field(default_factory=dict)
    interfaces: dict[str, str] = field(default_factory=dict)
    has_firewalld: bool = False

    def to_json(self) -> dict[str, object]:
        """Plain values, for pyinfra's --json."""
        return asdict(self)


def parse_ruleset(lines: Iterable[str]) -> Ruleset:
    """The answer of facts.network.Ruleset: `address INTERFACE ADDRESS/LENGTH`, then the JSON of a table on each line."""
    chains: dict[str, Mapping[str, Any]] = {}
    rules: dict[str, list[tuple[Mapping[str, Any], ...]]] = {}
    sets: dict[str, tuple[Any, ...]] = {}
    interfaces: dict[str, str] = {}
    has_firewalld = False
    for line in lines:
        has_firewalld = has_firewalld or line == "firewalld running"
        if line.startswith("address "):
            interfaces[line.split()[2].partition("/")[0]] = line.split()[1]
        for item in json.loads(line)["nftables"] if line.startswith("{") else ():
            for kind, found in item.items():
                at = f"{found.get('family')} {found.get('table')} {found.get('chain') or found.get('name')}"
                if kind == "chain":
                    chains[at] = found
                elif kind == "rule":
                    rules.setdefault(at, []).append(tuple(found["expr"]))
                elif kind in ("set", "map"):
                    sets[at] = tuple(found.get("elem", ()))
    return Ruleset(
        {at: _chain(found, rules.get(at, [])) for at, found in chains.items()}, sets, interfaces, has_firewalld
    )


def _chain(found: Mapping[str, Any], rules: list[tuple[Mapping[str, Any], ...]]) -> NftChain:
    family, table, name = found["family"], found["table"], found["name"]
    is_iptables = family == "ip" and table in _IPTABLES and name in _BUILT_IN
    return NftChain(
        family,
        table,
        name,
        kind=found.get("type", ""),
        hook="" if is_iptables else found.get("hook", ""),
        priority=int(found.get("prio", 0)),
        policy=found.get("policy", "accept"),
        rules=tuple(rules),
    )
