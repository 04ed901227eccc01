"""Versions as numbers, so that they can be compared."""

from __future__ import annotations


def numbers(version: str) -> tuple[int, ...]:
    """`1.36.3` → (1, 36, 3); a suffix (`-31-amd64`, `~beta`) is ignored."""
    found = []
    for part in version.split("."):
        digits = part[: len(part) - len(part.lstrip("0123456789"))]
        if not digits:
            break
        found.append(int(digits))
        if digits != part:
            break
    return tuple(found)


def minor(version: str) -> tuple[int, int]:
    """`1.36.3` → (1, 36); (0, 0) if there are fewer than two numbers."""
    found = numbers(version)
    return (found[0], found[1]) if len(found) > 1 else (0, 0)
