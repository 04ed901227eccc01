"""Our block in a file of host names (hosts(5))."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

BEGIN = "# begin isthmus"
END = "# end isthmus"


def with_block(lines: Sequence[str], entries: Mapping[str, Sequence[str]]) -> str:
    """The file with exactly one block of ours, at its old place or at the end; all other lines stay. `entries`: address → names."""
    kept: list[str] = []
    place: int | None = None
    rest = list(lines)
    while rest:
        line = rest.pop(0)
        if line.strip() != BEGIN:
            kept.append(line)
            continue
        place = len(kept) if place is None else place
        ends = [at for at, other in enumerate(rest) if other.strip() == END]
        # If the end is missing, only the first line is ours: the lines that follow may be somebody else's.
        del rest[: ends[0] + 1 if ends else 0]
    at = len(kept) if place is None else place
    block = (
        [BEGIN, *(f"{address} {' '.join(names)}" for address, names in entries.items() if names), END]
        if entries
        else []
    )
    return "".join(f"{line}\n" for line in [*kept[:at], *block, *kept[at:]])


def keep_address(lines: Sequence[str], entries: Mapping[str, Sequence[str]], name: str) -> dict[str, list[str]]:
    """The entries with `name` at the address that our block in `lines` has for it; unchanged if the block does not have the name."""
    wanted = {address: list(names) for address, names in entries.items()}
    block = [line.strip() for line in lines]
    if BEGIN not in block or END not in block:
        return wanted
    ours = block[block.index(BEGIN) + 1 : block.index(END)]
    address = next((words[0] for words in map(str.split, ours) if name in words[1:]), None)
    if address is None:
        return wanted
    moved = {at: [other for other in names if other != name] for at, names in wanted.items()}
    moved.setdefault(address, []).append(name)
    return moved
