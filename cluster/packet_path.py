"""The way of a packet through nftables: whether some chain drops or rejects what a host needs.

A packet must pass every base chain of its hooks, so that an ACCEPT in one table (ours are made by iptables) does not help in another.
A condition that can't be judged from outside (a mark, a connection's counter) never counts as fulfilled.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network
from typing import Any

from cluster.observed.nftables import NftChain, Ruleset
from cluster.packets import Packet

_HOOKS = {
    "input": ("prerouting", "input"),
    "forward": ("prerouting", "forward", "postrouting"),
    "output": ("output", "postrouting"),
}
# Statements that neither decide nor restrict.
_NEUTRAL = ("counter", "log", "mangle", "notrack", "comment", "set", "nftrace")
_MISSING = object()
_ALL_ELSE = "*"


@dataclass(frozen=True)
class Refusal:
    """A chain that refuses packets which the host needs."""

    chain: NftChain
    packets: tuple[Packet, ...]


def refusals(found: Ruleset, packets: Iterable[Packet]) -> list[Refusal]:
    """The base chains that drop or reject some of `packets`, with these packets."""
    refused: dict[str, list[Packet]] = {}
    for packet in packets:
        for key, chain in found.chains.items():
            enters = chain.kind in ("filter", "route") and chain.hook in _HOOKS[packet.hook]
            if enters and chain.family in ("inet", "ip") and _verdict(found, chain, packet) == "drop":
                refused.setdefault(key, []).append(packet)
    return [Refusal(found.chains[key], tuple(listed)) for key, listed in refused.items()]


def _verdict(found: Ruleset, chain: NftChain, packet: Packet) -> str:
    return _walk(found, chain, packet, ()) or chain.policy


def _walk(found: Ruleset, chain: NftChain | None, packet: Packet, seen: tuple[str, ...]) -> str:
    """accept or drop; empty if the packet comes to the end of the chain."""
    if chain is None or chain.name in seen:
        return ""
    for rule in chain.rules:
        verdict = _of_rule(found, chain, rule, packet)
        kind = next(iter(verdict), "")
        if kind in ("accept", "drop", "reject"):
            return "accept" if kind == "accept" else "drop"
        if kind == "return":
            return ""
        if kind in ("jump", "goto"):
            below = found.chains.get(f"{chain.family} {chain.table} {verdict[kind]['target']}")
            result = _walk(found, below, packet, (*seen, chain.name))
            if result or kind == "goto":
                return result
    return ""


def _of_rule(found: Ruleset, chain: NftChain, rule: tuple[Mapping[str, Any], ...], packet: Packet) -> Mapping[str, Any]:
    """The verdict of a rule; empty if it does not match, or has none."""
    for statement in rule:
        kind, value = next(iter(statement.items()))
        if kind == "match":
            if not _matches(found, chain, value, packet):
                return {}
        elif kind == "vmap":
            return _of_map(found, chain, value, packet)
        elif kind == "limit":
            # Below the limit, which a single packet is.
            if value.get("inv"):
                return {}
        elif kind in ("accept", "drop", "reject", "return", "jump", "goto"):
            return statement
        elif kind not in _NEUTRAL:
            return {}
    return {}


def _of_map(found: Ruleset, chain: NftChain, value: Mapping[str, Any], packet: Packet) -> Mapping[str, Any]:
    key = _value(value["key"], packet)
    data = value["data"]
    elements = found.sets.get(f"{chain.family} {chain.table} {data[1:]}", ()) if isinstance(data, str) else data["set"]
    # The element for all else comes last: another one that fits wins, wherever it stands.
    for element, verdict in sorted(elements, key=lambda pair: bool(pair[0] == _ALL_ELSE)):
        if key is not _MISSING and (element == _ALL_ELSE or _is_in(key, element)):
            result: Mapping[str, Any] = verdict
            return result
    return {}


def _matches(found: Ruleset, chain: NftChain, value: Mapping[str, Any], packet: Packet) -> bool:
    left, right = _value(value["left"], packet), value["right"]
    if left is _MISSING:
        return False
    if isinstance(right, str) and right.startswith("@"):
        right = {"set": list(found.sets.get(f"{chain.family} {chain.table} {right[1:]}", ()))}
    is_in = _is_in(left, right)
    operator = value.get("op", "==")
    if operator in ("==", "in"):
        return is_in
    if operator == "!=":
        return not is_in
    compared = {"<": lambda a, b: a < b, ">": lambda a, b: a > b, "<=": lambda a, b: a <= b, ">=": lambda a, b: a >= b}
    return operator in compared and isinstance(right, int) and isinstance(left, int) and compared[operator](left, right)


def _value(left: Any, packet: Packet) -> Any:
    """The packet's value for the left side of a condition; _MISSING if it has none, or none that can be known."""
    if not isinstance(left, Mapping):
        return _MISSING
    kind, value = next(iter(left.items()))
    if kind == "concat":
        values = tuple(_value(part, packet) for part in value)
        return _MISSING if _MISSING in values else values
    if kind == "meta":
        return _of_meta(value["key"], packet)
    if kind == "payload":
        return _of_header(value.get("protocol", ""), value.get("field", ""), packet)
    if kind == "ct":
        return {"state": "new", "direction": "original"}.get(value["key"], _MISSING)
    if kind == "fib" and value.get("result") == "type" and value.get("flags") == ["daddr"]:
        return "local" if packet.hook == "input" else "unicast"
    return _MISSING


def _of_meta(key: str, packet: Packet) -> Any:
    known = {
        "iifname": packet.iif,
        "iif": packet.iif,
        "oifname": packet.oif,
        "oif": packet.oif,
        "l4proto": packet.protocol,
        "nfproto": "ipv4",
        "protocol": "ip",
        "pkttype": "host",
    }
    return known.get(key) or _MISSING


def _of_header(protocol: str, name: str, packet: Packet) -> Any:
    if protocol in (packet.protocol, "th"):
        return {"dport": packet.port, "sport": packet.source_port, "flags": "syn"}.get(name, _MISSING)
    known = {"saddr": packet.source, "daddr": packet.destination, "protocol": packet.protocol, "version": 4}
    return known.get(name, _MISSING) if protocol == "ip" else _MISSING


def _is_in(value: Any, right: Any) -> bool:
    """Whether the value equals the right side, or is one of it."""
    if isinstance(right, list):
        return any(_is_in(value, item) for item in right)
    if isinstance(right, Mapping):
        kind, inner = next(iter(right.items()))
        if kind == "set":
            return _is_in(value, inner)
        if kind == "elem":
            return _is_in(value, inner["val"])
        if kind == "prefix":
            return (
                isinstance(value, IPv4Address)
                and ":" not in inner["addr"]
                and value in IPv4Network((inner["addr"], inner["len"]))
            )
        if kind == "range":
            low, high = (_typed(value, bound) for bound in inner)
            return type(low) is type(value) is type(high) and low <= value <= high
        if kind == "concat":
            return isinstance(value, tuple) and len(value) == len(inner) and all(map(_is_in, value, inner))
        return False
    if isinstance(value, str) and isinstance(right, str) and right.endswith("*"):
        return value.startswith(right[:-1])
    return bool(_typed(value, right) == value)


def _typed(value: Any, text: Any) -> Any:
    if isinstance(value, IPv4Address):
        try:
            return IPv4Address(text)
        except ValueError:
            return None
    return text
