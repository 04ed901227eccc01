"""The text of a file that others write too, in which no byte may be lost."""

from __future__ import annotations


def as_bytes(text: str) -> bytes:
    """The bytes of a text that `parse_whole` gave, or that was made from it."""
    return text.encode("utf-8", "surrogateescape")


def as_lines(text: str) -> list[str]:
    """The lines as programs count them: a form feed or another of Unicode's separators ends none. A last line may lack its end."""
    lines = text.split("\n")
    return lines[:-1] if lines[-1] == "" else lines
