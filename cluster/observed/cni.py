"""What is printed of the CNI plugins on a host."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Installed:
    """Where our plugins were unpacked from; `intact` = each file is there as it was unpacked. Empty if there are none."""

    archive: str
    sha256: str
    intact: bool

    def to_json(self) -> dict[str, object]:
        """Plain values, for pyinfra's --json."""
        return asdict(self)


def parse_plugins(lines: Sequence[str]) -> Installed:
    """`none`, or the first line of our listing (`# ARCHIVE SHA256`) and then `intact` or `changed`."""
    if lines[0] == "none":
        return Installed("", "", False)
    _, archive, sha256 = lines[0].split(" ")
    return Installed(archive, sha256, lines[1] == "intact")
