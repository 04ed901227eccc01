"""The check of packet filters that our ACCEPT rules don't reach: tables of nftables' own, such as firewalld's."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from cluster.documents import firewalld
from cluster.model import Cluster, Host
from cluster.observed.nftables import Ruleset
from cluster.packet_path import Refusal, refusals
from cluster.packets import Packet, needed
from cluster.problems import LONGEST_FIX, Problem

_KEEP = "add them to the file from which that table is loaded (/etc/nftables.conf)"
_BY_HAND = "start it (systemctl start firewalld), and the deploy admits it; by hand: "
_REST = "run this again, which names {} more"


def problems(cluster: Cluster, host: Host, found: Ruleset) -> list[Problem]:
    """A problem for each chain that refuses what `host` needs; the deploy admits it in firewalld by itself, if that answers."""
    refused = refusals(found, needed(cluster, host, _device(host, found)))
    others = [_of_chain(host, refusal) for refusal in refused if refusal.chain.table != firewalld.TABLE]
    calls = [] if found.has_firewalld else admitted_by_firewalld(cluster, host, found)
    return [*([_of_firewalld(host, calls)] if calls else []), *others]


def admitted_by_firewalld(cluster: Cluster, host: Host, found: Ruleset) -> list[tuple[str, ...]]:
    """Arguments of firewall-cmd that admit what firewalld refuses, one tuple a call; empty if it refuses nothing."""
    device = _device(host, found)
    refused = refusals(found, needed(cluster, host, device))
    packets = [packet for refusal in refused if refusal.chain.table == firewalld.TABLE for packet in refusal.packets]
    return list(dict.fromkeys(firewalld.additions(found, packets, device)))


def _device(host: Host, found: Ruleset) -> str:
    return found.interfaces.get(str(host.lan_address), "")


def refused_texts(cluster: Cluster, host: Host, found: Ruleset) -> tuple[str, ...]:
    """Chain and packets of each refusal, for verify."""
    device = _device(host, found)
    return tuple(
        f"{item.chain.place}: {_listed(item.packets)}" for item in refusals(found, needed(cluster, host, device))
    )


def _of_chain(host: Host, refusal: Refusal) -> Problem:
    chain = refusal.chain
    rules = dict.fromkeys(packet.match for packet in refusal.packets)
    inserted = _that_fit([f"nft insert rule {chain.place} '{rule} accept'" for rule in rules], len(f"; and {_KEEP}"))
    return Problem(
        f"{host.name} nftables",
        f"chain {chain.place} refuses {_listed(refusal.packets)}",
        "a packet must pass every table, so that the deploy's own ACCEPT rules don't help against this one",
        f"{'; '.join(inserted)}; and {_KEEP}",
    )


def _of_firewalld(host: Host, calls: Sequence[Sequence[str]]) -> Problem:
    reload = "firewall-cmd --reload"
    commands = [f"firewall-cmd --permanent {shlex.join(call)}" for call in calls]
    shown = _that_fit(commands, len(f"{_BY_HAND}; {reload}"))
    whole = [*shown[:-1], reload, shown[-1]] if shown != commands else [*commands, reload]
    return Problem(
        f"{host.name} firewalld",
        "its rules refuse what the cluster needs, and it does not answer firewall-cmd",
        "a packet must pass every table, so that the deploy's own ACCEPT rules don't help against firewalld's",
        f"{_BY_HAND}{'; '.join(whole)}",
    )


def _that_fit(commands: Sequence[str], taken: int) -> list[str]:
    """The commands, if they fit into a fix beside `taken` characters; else whole ones only, and how many the next run names."""
    if len("; ".join(commands)) + taken <= LONGEST_FIX:
        return list(commands)
    rest = len(_REST.format(len(commands))) + len("; ")
    shown = next(
        number
        for number in range(len(commands), -1, -1)
        if len("; ".join(commands[:number])) + rest + taken <= LONGEST_FIX
    )
    return [*commands[:shown], _REST.format(len(commands) - shown)]


def _listed(packets: Sequence[Packet]) -> str:
    return ", ".join(dict.fromkeys(packet.text for packet in packets))
