"""Our block in a file of host names (hosts(5)); the text of a file is as `cluster.observed.files.parse_whole` gives it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

BEGIN = "# begin isthmus"
END = "# end isthmus"
# In our block, if the line above it had no line break before, so that a reset can take ours away.
NO_BREAK = "# the line above had no line break"
Entries = Mapping[str, Sequence[str]]


def edited(text: str, entries: Entries) -> str:
    """The file with exactly one block of ours, at its old place or at the end, without one if there are no entries; all other bytes stay."""
    kept, place, had_break = _without_blocks(text)
    at = len(kept) if place is None else place
    if not had_break and at == len(kept) and kept:
        kept[-1] = kept[-1].removesuffix("\n")
    if not entries:
        return "".join(kept)
    lines = block(entries)
    if at == len(kept) and kept and not kept[-1].endswith("\n"):
        kept[-1] += "\n"
        lines.insert(1, NO_BREAK)
    return "".join([*kept[:at], *(f"{line}\n" for line in lines), *kept[at:]])


def block(entries: Entries) -> list[str]:
    """The lines of our block. `entries`: address → names."""
    return [BEGIN, *(f"{address} {' '.join(names)}" for address, names in entries.items() if names), END]


def block_entries(text: str) -> dict[str, list[str]]:
    """The entries of the first whole block of ours: address → names; none without one."""
    lines = [line.strip() for line in text.split("\n")]
    if BEGIN not in lines or END not in lines:
        return {}
    ours = (line.split() for line in lines[lines.index(BEGIN) + 1 : lines.index(END)] if not line.startswith("#"))
    return {words[0]: words[1:] for words in ours if words}


def resolves(text: str, name: str) -> bool:
    """Whether a line of the file has the name."""
    return any(name in line.partition("#")[0].split()[1:] for line in text.split("\n"))


def keep_address(text: str, entries: Entries, name: str) -> dict[str, list[str]]:
    """The entries with `name` at the address that our block in `text` has for it; unchanged if the block does not have the name."""
    wanted = {address: list(names) for address, names in entries.items()}
    address = next((at for at, names in block_entries(text).items() if name in names), None)
    if address is None:
        return wanted
    moved = {at: [other for other in names if other != name] for at, names in wanted.items()}
    moved.setdefault(address, []).append(name)
    return moved


def _without_blocks(text: str) -> tuple[list[str], int | None, bool]:
    """The lines of others with their line breaks, the place of our first block among them, and whether the line above it had a line break."""
    rest = [f"{line}\n" for line in text.split("\n")]
    rest[-1] = rest[-1].removesuffix("\n")
    kept: list[str] = []
    place, had_break = None, True
    while rest:
        line = rest.pop(0)
        if line.strip() != BEGIN:
            kept += [line] if line else []
            continue
        place = len(kept) if place is None else place
        ends = [at for at, other in enumerate(rest) if other.strip() == END]
        # If the end is missing, only the first line is ours: the lines that follow may be somebody else's.
        ours = rest[: ends[0] + 1 if ends else 0]
        had_break = had_break and f"{NO_BREAK}\n" not in ours
        del rest[: len(ours)]
    return kept, place, had_break
