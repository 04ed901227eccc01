"""The check of packet filters that our ACCEPT rules don't reach: tables of nftables' own, such as firewalld's."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from cluster.documents import firewalld
from cluster.model import Cluster, Host
from cluster.observed.nftables import Ruleset
from cluster.packet_path import Refusal, refusals
from cluster.packets import Packet, needed
from cluster.problems import Problem


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
    inserted = [f"nft insert rule {chain.place} '{rule} accept'" for rule in rules]
    return Problem(
        f"{host.name} nftables",
        f"chain {chain.place} refuses {_listed(refusal.packets)}",
        "a packet must pass every table, so that the deploy's own ACCEPT rules don't help against this one",
        f"{'; '.join(inserted)}; and add them to the file from which that table is loaded (/etc/nftables.conf)",
    )


def _of_firewalld(host: Host, calls: Sequence[Sequence[str]]) -> Problem:
    commands = [f"firewall-cmd --permanent {shlex.join(call)}" for call in calls]
    return Problem(
        f"{host.name} firewalld",
        "its rules refuse what the cluster needs, and it does not answer firewall-cmd",
        "a packet must pass every table, so that the deploy's own ACCEPT rules don't help against firewalld's",
        f"start it (systemctl start firewalld), and the deploy admits it; by hand: {'; '.join([*commands, 'firewall-cmd --reload'])}",
    )


def _listed(packets: Sequence[Packet]) -> str:
    return ", ".join(dict.fromkeys(packet.text for packet in packets))
