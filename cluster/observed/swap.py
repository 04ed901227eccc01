"""What is printed of a host's swap."""

from __future__ import annotations

from collections.abc import Sequence


def parse_swap(lines: Sequence[str]) -> dict[str, list[str]]:
    """`active` (paths), `fstab` (lines) and `services` (units), after lines that begin with `active`, `fstab` or `service`."""
    return {
        "active": [line.split()[1] for line in lines if line.startswith("active ")],
        "fstab": [line.removeprefix("fstab ") for line in lines if line.startswith("fstab ")],
        "services": [line.split()[1] for line in lines if line.startswith("service ")],
    }
