"""What arrives at a host from outside: where a name leads, how an attempt at a port ended, and which packets the host itself saw."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Literal, get_args

from cluster.observed.machine import parse_firmware

# open: a program answers. refused, prohibited: the host (or its packet filter) sends an error, so the packet came through the
# cloud. silent: nothing came back. unreachable: the packet never left the machine that tried.
Outcome = Literal["open", "refused", "prohibited", "silent", "unreachable"]
_OUTCOMES: dict[str, Outcome] = {name: name for name in get_args(Outcome)}


@dataclass(frozen=True)
class Outside:
    """How a host appears from outside: its firmware (file of /sys/class/dmi/id → text), its global IPv6 addresses (`addresses6`), and
    the addresses to which the coordination name leads there (`leads`, IPv4 first)."""

    firmware: dict[str, str]
    addresses6: tuple[str, ...] = ()
    leads: tuple[str, ...] = ()

    def to_json(self) -> dict[str, object]:
        """Plain values, for pyinfra's --json."""
        return asdict(self)


@dataclass(frozen=True)
class Seen:
    """What a host saw of the packets that were sent to it: the numbers of the attempts. `is_watching`: it could look at all."""

    is_watching: bool
    arrived: tuple[int, ...] = ()


def parse_outside(lines: Sequence[str]) -> Outside:
    """Lines `dmi FILE TEXT`, `address6 ADDRESS/LENGTH` and `leads ADDRESS`; an IPv4 address that is written as IPv6 is left out."""
    lists: dict[str, list[str]] = {"address6": [], "leads": []}
    for line in lines:
        key, _, value = line.strip().partition(" ")
        if key in lists and not value.startswith("::ffff:"):
            lists[key].append(value.partition("/")[0])
    leads = sorted(set(lists["leads"]), key=lambda address: (":" in address, address))
    return Outside(parse_firmware(lines), tuple(lists["address6"]), tuple(leads))


def parse_attempts(lines: Sequence[str]) -> dict[int, Outcome]:
    """Number of an attempt → how it ended, from lines `NUMBER OUTCOME`."""
    words = (line.split() for line in lines)
    return {int(two[0]): _OUTCOMES[two[1]] for two in words if len(two) == 2 and two[1] in _OUTCOMES}


def parse_seen(lines: Sequence[str]) -> Seen:
    """A line `watching`, unless the host may not look at its packets, and a line `NUMBER` for each attempt that it saw."""
    arrived = tuple(sorted(int(line) for line in lines if line.strip().isdigit()))
    return Seen(any(line.strip() == "watching" for line in lines), arrived)
