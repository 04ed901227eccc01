"""What standard programs print, read into plain values; pure."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from ipaddress import IPv4Network
from typing import Any

from cluster.observed.gpg import parse_colons


@dataclass(frozen=True)
class Disk:
    """A file system that something of ours stands on."""

    used_percent: int
    free_mb: int
    inodes_used_percent: int = 0


def units(lines: Sequence[str]) -> dict[str, str]:
    """Unit → its state; `absent` where there is none."""
    found: dict[str, str] = {}
    for block in "\n".join(lines).split("\n\n"):
        values = dict(line.split("=", 1) for line in block.splitlines() if "=" in line)
        if "Id" in values:
            state = values["ActiveState"] if values["LoadState"] == "loaded" else "absent"
            found[values["Id"].removesuffix(".service")] = state
    return found


def addresses(lines: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Interface → its addresses."""
    found: dict[str, tuple[str, ...]] = {}
    for words in (line.split() for line in lines if line.strip()):
        found[words[1]] = (*found.get(words[1], ()), words[3])
    # The interfaces of single pods say nothing.
    return {name: held for name, held in found.items() if not name.startswith("veth")}


def destinations(lines: Sequence[str]) -> tuple[str, ...]:
    """The destinations of a routing table."""
    words = [line.split() for line in lines if line.strip()]
    found = [line[1] if line[0] in ("throw", "unreachable", "blackhole") else line[0] for line in words]
    return tuple(at if "/" in at else f"{at}/32" for at in found if at[0].isdigit())


def next_hops(lines: Sequence[str]) -> dict[str, str]:
    """Destination → the next hop that the table names."""
    words = [line.split() for line in lines if " via " in line]
    return {line[0]: line[line.index("via") + 1] for line in words}


def disks(lines: Sequence[str]) -> dict[str, Disk]:
    """Mount point → how full it is."""
    found: dict[str, Disk] = {}
    inodes = False
    for words in (line.split() for line in lines):
        if words == ["inodes"]:
            inodes = True
        elif len(words) >= 6 and words[4][:-1].isdigit():
            used, mount = int(words[4].rstrip("%")), words[5]
            known = found.get(mount, Disk(used, int(words[3]) // 1024))
            found[mount] = Disk(known.used_percent, known.free_mb, used) if inodes else known
    return found


def source(line: str) -> tuple[str, str]:
    """An address that is fetched from, and what went wrong there; empty where it answers."""
    url, _, answered = line.strip().partition(" ")
    words = answered.split()
    code = words[-1][-3:] if words else "000"
    # A registry asks for a token before it says more.
    if code == "401" or (code.isdigit() and 200 <= int(code) < 400):
        return url, ""
    return url, " ".join(words) if code == "000" else f"HTTP {code}"


def keys(lines: Sequence[str]) -> dict[str, int]:
    """Keyring file → when its last key expires."""
    found: dict[str, int] = {}
    name = ""
    held: list[str] = []
    for line in [*lines, "file end"]:
        if line.startswith("file "):
            expiries = [at for at in parse_colons(held).values() if at is not None]
            found |= {name: max(expiries)} if expiries and name else {}
            name, held = line.removeprefix("file "), []
        else:
            held.append(line)
    return found


def versions(lines: Sequence[str]) -> dict[str, str]:
    """Package → the upstream part of its version."""
    words = [line.split() for line in lines]
    return {line[0]: line[1].split("-")[0].split("~")[0] for line in words if len(line) == 3 and line[2] == "installed"}


def service_rules(lines: Sequence[str]) -> int:
    """How many rules lead to services; none where nothing jumps to them."""
    counted = sum(int(line.split()[1]) for line in lines if line.startswith(("rules ", "nft ")))
    uses_nft = any(line.startswith("nft ") and line.split()[1] != "0" for line in lines)
    jumps = {line.split()[1] for line in lines if line.startswith("-A ")}
    return counted if uses_nft or {"PREROUTING", "OUTPUT"} <= jumps else 0


def udp(lines: Sequence[str]) -> bool:
    """Whether UDP reaches the internet."""
    return next("true" in line for line in lines if "UDP:" in line)


def neighbours(lines: Sequence[str]) -> tuple[str, ...]:
    """Machines of the LAN that were spoken to lately."""
    words = [line.split() for line in lines if line.strip()]
    return tuple(line[0] for line in words if line[-1] in ("REACHABLE", "STALE", "DELAY"))


def devices(lines: Sequence[str], names: Mapping[str, str]) -> dict[str, str]:
    """Host name → the device that its address is reached by."""
    words = [line.split() for line in lines if " dev " in line and line[:1].isdigit()]
    return {names[line[0]]: line[line.index("dev") + 1] for line in words if line[0] in names}


def node_expiries(lines: Sequence[str]) -> dict[str, int]:
    """Machine → when its key expires."""
    entries = json.loads("\n".join(lines)) or []
    found = {entry["name"]: expiry_time(entry.get("expiry")) for entry in entries}
    return {name: at for name, at in found.items() if at}


def api_keys(lines: Sequence[str]) -> dict[str, int]:
    """Key of headscale's API → when it expires."""
    entries = json.loads("\n".join(lines)) or []
    found = {f"API key {entry.get('id')}": expiry_time(entry.get("expiration")) for entry in entries}
    return {name: at for name, at in found.items() if at}


def expiry_time(value: Any) -> int | None:
    """Seconds since 1970 from protobuf's JSON of a time; a time before 1971 means none."""
    if isinstance(value, Mapping):
        seconds = int(value.get("seconds", 0))
    elif isinstance(value, str) and value:
        seconds = int(datetime.fromisoformat(value.replace("Z", "+00:00").split(".")[0]).timestamp())
    else:
        return None
    return seconds if seconds > 31536000 else None


def numbers(lines: Sequence[str]) -> dict[str, int]:
    """Lines of a name and a number."""
    return {words[0]: int(words[1]) for words in (line.split() for line in lines) if len(words) == 2}


def pod_gateway(pod_cidr: str) -> str:
    """The address of cni0: the first of the node's pod network; empty where the node has none."""
    return _in_network(pod_cidr, 1)


def pod_address(pod_cidr: str) -> str:
    """An address of the node's pod network that the host itself does not have; empty where the node has none."""
    return _in_network(pod_cidr, -2)


def _in_network(pod_cidr: str, place: int) -> str:
    try:
        return str(IPv4Network(pod_cidr)[place])
    except (ValueError, IndexError):
        return ""
