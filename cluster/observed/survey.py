"""What a host is like before anything is changed, and what of it stands in the way."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from ipaddress import IPv4Interface

from cluster.observed import machine


@dataclass(frozen=True)
class Listener:
    """A socket that waits for connections or datagrams; `process` is empty if the kernel does not show it."""

    protocol: str
    port: int
    process: str


@dataclass(frozen=True)
class Survey:
    """One host as it was found. Sizes in MB, `clock_skew_s` positive if the host's clock is ahead of the operator's."""

    release_id: str
    release_version: str
    codename: str
    kernel: str
    glibc: str
    architecture: str
    cgroup: str
    container: str
    memory_mb: int
    disk_free_mb: int
    clock_skew_s: float
    has_tun: bool
    uses_systemd: bool
    unresolved: tuple[str, ...] = ()
    addresses: dict[str, tuple[IPv4Interface, ...]] = field(default_factory=dict)
    listeners: tuple[Listener, ...] = ()
    release_name: str = ""
    id_like: tuple[str, ...] = ()
    ubuntu_codename: str = ""
    debian_codename: str = ""

    def to_json(self) -> dict[str, object]:
        """Plain values, for pyinfra's --json."""
        return {**asdict(self), "addresses": {name: [str(a) for a in held] for name, held in self.addresses.items()}}


def parse(lines: Iterable[str], received_at: float) -> Survey:
    """The survey that the script of facts.machine.Survey printed, read at `received_at` (seconds since 1970)."""
    values: dict[str, str] = {}
    lists: dict[str, list[str]] = {"unresolved": [], "address": [], "listener": []}
    for line in lines:
        key, _, value = line.partition(" ")
        if key in lists:
            lists[key].append(value.strip())
        else:
            values[key] = value.strip()
    return Survey(
        release_id=values["release-id"],
        release_version=values["release-version"],
        codename=values["codename"],
        kernel=values["kernel"],
        glibc=values["glibc"].split()[-1],
        architecture=values["architecture"],
        cgroup=machine.parse_cgroup([values["cgroup"]]),
        container=machine.parse_container([values["container"]]),
        memory_mb=int(values["memory-kb"]) // 1024,
        disk_free_mb=int(values["disk-free-kb"]) // 1024,
        clock_skew_s=round(machine.parse_clock([values["clock"]]) - received_at, 1),
        has_tun=values["tun"] == "yes",
        uses_systemd=values["init"] == "systemd",
        unresolved=tuple(sorted(lists["unresolved"])),
        addresses=_addresses(lists["address"]),
        listeners=tuple(_listener(line) for line in lists["listener"]),
        release_name=values["release-name"],
        id_like=tuple(values["id-like"].split()),
        ubuntu_codename=values["ubuntu-codename"],
        debian_codename=values["debian-codename"],
    )


def _addresses(lines: list[str]) -> dict[str, tuple[IPv4Interface, ...]]:
    found: dict[str, tuple[IPv4Interface, ...]] = {}
    for line in lines:
        interface, address = line.split()
        found[interface] = (*found.get(interface, ()), IPv4Interface(address))
    return found


def _listener(line: str) -> Listener:
    # ss -Hltunp: Netid State Recv-Q Send-Q Local:Port Peer:Port users:(("name",pid=…))
    fields = line.split()
    process = fields[6].split('"')[1] if len(fields) > 6 and '"' in fields[6] else ""
    return Listener(fields[0], int(fields[4].rsplit(":", 1)[1]), process)
