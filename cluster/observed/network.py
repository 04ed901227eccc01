"""What ip, iptables, nft, ss, ping and curl print of a host's network."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class ForwardingState:
    """The live state: networks kept local (each as often as it has a rule), IPv4 forwarding, the TCP segment clamp's interfaces."""

    kept_local: tuple[str, ...]
    forwarding: bool
    clamped: tuple[str, ...] = ()

    def to_json(self) -> dict[str, object]:
        """Plain values, for pyinfra's --json."""
        return asdict(self)


@dataclass(frozen=True)
class RoundTrip:
    """Several echo requests to one address: the least time of an answer, and the average, in ms."""

    least_ms: float
    average_ms: float


def parse_forwarding(lines: Sequence[str]) -> ForwardingState:
    """What the script of facts.network.Forwarding printed."""
    rules, clamped, forwarding = [], [], False
    for line in lines:
        kind, _, value = line.partition(" ")
        if kind == "rule":
            rules.append(value if "/" in value else f"{value}/32")
        elif kind == "clamp":
            clamped.append(" ".join(value.replace('"', "").split()[:2]))
        elif kind == "forwarding":
            forwarding = value.strip() == "1"
    return ForwardingState(tuple(sorted(rules)), forwarding, tuple(sorted(clamped)))


def parse_saved_rules(lines: Sequence[str]) -> dict[str, list[str]]:
    """Tool → the lines of its iptables-save, each tool's after `== TOOL`."""
    found: dict[str, list[str]] = {}
    for line in lines:
        if line.startswith("== "):
            found[line.removeprefix("== ")] = []
        else:
            found[list(found)[-1]].append(line)
    return found


def parse_nft_tables(lines: Sequence[str]) -> list[tuple[str, str]]:
    """(family, name) of each table in `nft list tables`."""
    rows = (line.split() for line in lines if line.startswith("table "))
    return [(row[1], row[2]) for row in rows]


def parse_addresses(lines: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Interface → its addresses in `ip -o -4 address show`, with their prefix; the interfaces of single pods are left out."""
    found: dict[str, tuple[str, ...]] = {}
    for words in (line.split() for line in lines if line.strip()):
        found[words[1]] = (*found.get(words[1], ()), words[3])
    return {name: held for name, held in found.items() if not name.startswith("veth")}


def parse_destinations(lines: Sequence[str]) -> tuple[str, ...]:
    """The destinations in `ip -4 route show`, as networks, without the default."""
    words = [line.split() for line in lines if line.strip()]
    found = [line[1] if line[0] in ("throw", "unreachable", "blackhole") else line[0] for line in words]
    return tuple(at if "/" in at else f"{at}/32" for at in found if at[0].isdigit())


def parse_next_hops(lines: Sequence[str]) -> dict[str, str]:
    """Destination → next hop, for each route in `ip -4 route show` that has one."""
    words = [line.split() for line in lines if " via " in line]
    return {line[0]: line[line.index("via") + 1] for line in words}


def parse_devices(lines: Sequence[str]) -> dict[str, str]:
    """Address → device, in `ip -4 route get`, one line for each address; unroutable addresses are left out."""
    words = [line.split() for line in lines if " dev " in line and line[:1].isdigit()]
    return {line[0]: line[line.index("dev") + 1] for line in words}


def parse_neighbours(lines: Sequence[str]) -> tuple[str, ...]:
    """Addresses in `ip -4 neigh show` that answered lately."""
    words = [line.split() for line in lines if line.strip()]
    return tuple(line[0] for line in words if line[-1] in ("REACHABLE", "STALE", "DELAY"))


def parse_service_rules(lines: Sequence[str]) -> int:
    """How many rules lead to services, as counted by the script; 0 if neither PREROUTING nor OUTPUT jumps to them."""
    counted = sum(int(line.split()[1]) for line in lines if line.startswith(("rules ", "nft ")))
    uses_nft = any(line.startswith("nft ") and line.split()[1] != "0" for line in lines)
    jumps = {line.split()[1] for line in lines if line.startswith("-A ")}
    return counted if uses_nft or {"PREROUTING", "OUTPUT"} <= jumps else 0


def parse_listeners(lines: Sequence[str]) -> tuple[str, ...]:
    """`ADDRESS:PORT` of each listening socket, one a line."""
    return tuple(line for line in lines if line)


def parse_resolvers(lines: Sequence[str]) -> tuple[str, ...]:
    """The addresses in the nameserver lines of a resolv.conf."""
    return tuple(line.split()[1] for line in lines if line.strip())


def parse_text(lines: Sequence[str]) -> str:
    """All lines as one: an answer, or curl's complaint, empty if it has none."""
    return " ".join(lines).strip()


def parse_answers(lines: Sequence[str]) -> dict[str, bool]:
    """What stands before `yes` or `no` at the end of a line → whether it is `yes`; other lines are left out."""
    return {line.rsplit(" ", 1)[0]: line.endswith(" yes") for line in lines if line.endswith((" yes", " no"))}


def parse_round_trips(lines: Sequence[str]) -> dict[str, RoundTrip]:
    """Address → round trip, after `ADDRESS MIN/AVG/MAX…` of ping's last line; addresses without an answer are left out."""
    words = [line.split() for line in lines if "/" in line]
    times = {line[0]: [float(time) for time in line[1].split("/")] for line in words}
    return {address: RoundTrip(round(found[0], 2), round(found[1], 2)) for address, found in times.items()}


def parse_sources(lines: Sequence[str]) -> dict[str, str]:
    """URL → why nothing can be fetched from it (empty if it can), after `URL STATUS` or `URL ERROR STATUS` of curl."""
    return dict(_source(line.strip()) for line in lines if line)


def _source(line: str) -> tuple[str, str]:
    url, _, answer = line.partition(" ")
    words = answer.split()
    code = words[-1][-3:] if words else "000"
    # A registry wants a token before it lists anything.
    if code == "401" or (code.isdigit() and 200 <= int(code) < 400):
        return url, ""
    return url, " ".join(words) if code == "000" else f"HTTP {code}"
