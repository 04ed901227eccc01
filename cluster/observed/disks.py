"""What df prints."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Disk:
    """How full a file system is; `free_mb` in units of 1024 × 1024 bytes."""

    used_percent: int
    free_mb: int
    inodes_used_percent: int = 0


def parse_disks(lines: Sequence[str]) -> dict[str, Disk]:
    """Mount point → file system, after `df -Pk`, a line `inodes`, and `df -Pi`."""
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
