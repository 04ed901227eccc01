"""Paths on the operator's machine that the inventory names: any text may be one."""

from __future__ import annotations

from pathlib import Path

LONGEST = 120


def is_file(path: object) -> bool:
    """Whether there is such a file; a text that can't be a path is none."""
    try:
        return Path(str(path)).is_file()
    except OSError:  # too long, or in a folder that may not be read
        return False


def short(path: str) -> str:
    """The path from the working directory, if it is below it."""
    try:
        return str(Path(path).resolve().relative_to(Path.cwd()))
    except (ValueError, OSError, RuntimeError):
        return str(path)


def shown(path: str) -> str:
    """The path from the working directory as a message names it: its end, if it is long."""
    text = short(path)
    return text if len(text) <= LONGEST else f"…{text[-LONGEST:]}"
