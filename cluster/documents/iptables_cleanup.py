"""The removal of rules of Kubernetes, flannel and this project from a host's iptables.

Only lines with one of these chains, or with our mark, are removed, one by one: no table is flushed or replaced, so the rules of
other programs stay in their order and with their counters.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from cluster.documents.flannel import NETWORK
from cluster.documents.iptables import MARK

# Chains of kube-proxy and kubelet, and of flannel.
_OURS = re.compile(r"^(KUBE|FLANNEL)-")
# The portmap plugin's chains serve all CNI networks of the host; a pod's chain has flannel's network name in a comment.
_SHARED = re.compile(r"^CNI-HOSTPORT-")
_FLANNELS = f'name: \\"{NETWORK}\\"'
_TARGET = re.compile(r"(?:^| )-[jg] (\S+)")
_COMMENT = re.compile(r'--comment (?:"(?:[^"\\]|\\.)*"|\S+)')
# Tables of nftables that are ours as a whole; (family, name).
TABLES = (
    ("ip", "kube-proxy"),
    ("ip6", "kube-proxy"),
    ("ip", "flannel-ipv4"),
    ("ip6", "flannel-ipv6"),
    ("inet", "flannel-ipv4"),
    ("inet", "flannel-ipv6"),
)


def removal(saved: Iterable[str], with_marked: bool) -> str:
    """Input of `iptables-restore --noflush` that removes our chains and rules from `saved`, lines of iptables-save; empty if there are none.

    `with_marked`: remove also the rules that accept the tailnet's packets.
    """
    return "".join(_table(name, chains, with_marked) for name, chains in _tables(saved).items())


def _tables(saved: Iterable[str]) -> Mapping[str, dict[str, list[str]]]:
    """Table → chain → its rules."""
    tables: dict[str, dict[str, list[str]]] = {}
    table: dict[str, list[str]] = {}
    for line in (line.strip() for line in saved):
        if line.startswith("*"):
            table = tables.setdefault(line[1:], {})
        elif line.startswith(":"):
            table.setdefault(line[1:].split()[0], [])
        elif line.startswith("-A "):
            chain, _, rule = line[3:].partition(" ")
            table.setdefault(chain, []).append(rule)
    return tables


def _table(name: str, chains: Mapping[str, Sequence[str]], with_marked: bool) -> str:
    ours = _chains_of_ours(chains)
    lines = [
        f"-D {chain} {rule}"
        for chain, rules in chains.items()
        if chain not in ours
        for rule in rules
        if _target(rule) in ours or (with_marked and MARK in f"{rule} ")
    ]
    # Chains may jump to each other: all are flushed before the first one is deleted.
    lines += [f"-F {chain}" for chain in ours] + [f"-X {chain}" for chain in ours]
    return "\n".join([f"*{name}", *lines, "COMMIT", ""]) if lines else ""


def _chains_of_ours(chains: Mapping[str, Sequence[str]]) -> list[str]:
    of_pods = {_target(rule) for rules in chains.values() for rule in rules if _FLANNELS in rule}
    ours = {chain for chain in chains if _OURS.match(chain) or (chain in of_pods and not _SHARED.match(chain))}
    shared = {chain for chain in chains if _SHARED.match(chain)}
    others = {chain for chain in chains if chain.startswith("CNI-DN-")} - ours
    if not others:
        ours |= shared
    return [chain for chain in chains if chain in ours]


def _target(rule: str) -> str:
    found = _TARGET.search(_COMMENT.sub("", rule))
    return found[1] if found else ""
