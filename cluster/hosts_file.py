"""Our block in a file of host names (hosts(5))."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

BEGIN = "# begin isthmus"
END = "# end isthmus"


def with_block(lines: Sequence[str], entries: Mapping[str, Sequence[str]]) -> str:
    """The file with exactly one block of ours: where it was, or at the end; all other lines as they are."""
    kept: list[str] = []
    place: int | None = None
    inside = False
    for line in lines:
        if line.strip() == BEGIN:
            inside, place = True, len(kept) if place is None else place
        elif line.strip() == END and inside:
            inside = False
        elif not inside:
            kept.append(line)
    at = len(kept) if place is None else place
    block = [BEGIN, *(f"{address} {' '.join(names)}" for address, names in entries.items() if names), END] if entries else []
    return "".join(f"{line}\n" for line in [*kept[:at], *block, *kept[at:]])
