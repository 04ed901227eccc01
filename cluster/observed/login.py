"""How the operator's machine is logged in on a host."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Login:
    """The user number of commands, and the addresses of the SSH connection as the host sees them; empty if it is no SSH."""

    uid: int
    client: str = ""
    server: str = ""

    def to_json(self) -> dict[str, object]:
        """Plain values, for pyinfra's --json."""
        return asdict(self)


def parse_login(lines: Sequence[str]) -> Login:
    """From the lines `uid N` and `from CLIENT PORT SERVER PORT`; ValueError or KeyError if the first one is missing."""
    values = dict(line.split(" ", 1) for line in lines if " " in line)
    way = values.get("from", "").split()
    return Login(int(values["uid"]), way[0] if way else "", way[2] if len(way) > 2 else "")
