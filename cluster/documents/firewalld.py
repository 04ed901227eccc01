"""The options of firewall-cmd that admit what a host needs, and that a reset takes back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from cluster.observed.nftables import Ruleset
from cluster.packets import Packet

TABLE = "firewalld"


def additions(found: Ruleset, refused: Iterable[Packet], device: str) -> tuple[tuple[str, ...], ...]:
    """Arguments of firewall-cmd, one tuple a call: our links in the zone trusted, our ports in the zone of `device`, the LAN's interface."""
    packets = list(refused)
    links = dict.fromkeys(link for packet in packets for link in (packet.iif, packet.oif) if link not in ("", device))
    public = [packet for packet in packets if packet.hook == "input" and packet.iif == device]
    zone = _zone(found, device)
    return (
        *(("--zone=trusted", f"--add-interface={link}") for link in links),
        *((*zone, _admission(packet)) for packet in public),
    )


def removal(addition: Sequence[str]) -> tuple[str, ...]:
    """The arguments that take an addition back."""
    return tuple(argument.replace("--add-", "--remove-", 1) for argument in addition)


def _zone(found: Ruleset, device: str) -> tuple[str, ...]:
    """The option that names the interface's zone, by which firewalld names its chains; none for its default zone."""
    zones = found.chains.get(f"inet {TABLE} filter_INPUT_ZONES")
    for rule in zones.rules if zones else ():
        target = next((item["goto"]["target"] for item in rule if "goto" in item), "")
        if any((item.get("match") or {}).get("right") == device for item in rule) and target.startswith("filter_IN_"):
            return (f"--zone={target.removeprefix('filter_IN_')}",)
    return ()


def _admission(packet: Packet) -> str:
    if not packet.match.startswith("ip saddr "):
        return f"--add-port={packet.port}/{packet.protocol}"
    source = packet.match.split()[2]
    port = f'port port="{packet.port}" protocol="{packet.protocol}"'
    return f'--add-rich-rule=rule family="ipv4" source address="{source}" {port} accept'
