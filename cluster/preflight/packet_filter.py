"""The check of packet filters that our ACCEPT rules don't reach: tables of nftables' own, such as firewalld's."""

from __future__ import annotations

from collections.abc import Sequence

from cluster.model import Cluster, Host
from cluster.observed.nftables import Ruleset
from cluster.packet_path import Refusal, refusals
from cluster.packets import Packet, needed
from cluster.problems import Problem

FIREWALLD = "firewalld"


def problems(cluster: Cluster, host: Host, found: Ruleset) -> list[Problem]:
    """A problem for each chain that refuses what `host` needs, and one for firewalld."""
    device = found.interfaces.get(str(host.lan_address), "")
    refused = refusals(found, needed(cluster, host, device))
    by_firewalld = [refusal for refusal in refused if refusal.chain.table == FIREWALLD]
    others = [_of_chain(host, refusal) for refusal in refused if refusal not in by_firewalld]
    zone = _zone(found, device)
    return [*([_of_firewalld(host, by_firewalld, device, zone)] if by_firewalld else []), *others]


def refused_texts(cluster: Cluster, host: Host, found: Ruleset) -> tuple[str, ...]:
    """Chain and packets of each refusal, for verify."""
    device = found.interfaces.get(str(host.lan_address), "")
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


def _zone(found: Ruleset, device: str) -> str:
    """The option that names firewalld's zone of the interface; empty for its default zone. Its chains are named by zones."""
    zones = found.chains.get(f"inet {FIREWALLD} filter_INPUT_ZONES")
    for rule in zones.rules if zones else ():
        target = next((item["goto"]["target"] for item in rule if "goto" in item), "")
        if any((item.get("match") or {}).get("right") == device for item in rule) and target.startswith("filter_IN_"):
            return f"--zone={target.removeprefix('filter_IN_')} "
    return ""


def _of_firewalld(host: Host, refused: Sequence[Refusal], device: str, zone: str) -> Problem:
    packets = [packet for refusal in refused for packet in refusal.packets]
    links = dict.fromkeys(link for packet in packets for link in (packet.iif, packet.oif) if link not in ("", device))
    public = [packet for packet in packets if packet.hook == "input" and packet.iif == device]
    commands = (
        [f"firewall-cmd --permanent --zone=trusted {' '.join(f'--add-interface={link}' for link in links)}"]
        if links
        else []
    )
    commands += [f"firewall-cmd --permanent {zone}{_admission(packet)}" for packet in public]
    return Problem(
        f"{host.name} firewalld",
        f"it refuses {_listed(packets)}",
        "a packet must pass every table, so that the deploy's own ACCEPT rules don't help against firewalld's",
        "; ".join([*commands, "firewall-cmd --reload"]),
    )


def _admission(packet: Packet) -> str:
    port = f"{packet.port}/{packet.protocol}"
    if not packet.match.startswith("ip saddr "):
        return f"--add-port={port}"
    source = packet.match.split()[2]
    rule = f'rule family="ipv4" source address="{source}" port port="{packet.port}" protocol="{packet.protocol}" accept'
    return f"--add-rich-rule='{rule}'"


def _listed(packets: Sequence[Packet]) -> str:
    return ", ".join(dict.fromkeys(packet.text for packet in packets))
