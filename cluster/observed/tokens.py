"""What kubectl prints of the secrets that hold join tokens."""

from __future__ import annotations

from collections.abc import Sequence


def parse_join_tokens(lines: Sequence[str]) -> list[str] | None:
    """Names of the secrets whose token has the description in the first line (`tokens MARK`; without MARK: of all); None if `unknown`."""
    mark = lines[0].partition(" ")[2]
    if lines[-1] == "unknown":
        return None
    found = (line.partition(" ") for line in lines[1:] if line)
    return [name for name, _, description in found if not mark or description == mark]
