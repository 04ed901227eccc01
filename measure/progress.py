"""What verify waits for: one line that a terminal overwrites, or a line for each step that has ended."""

from __future__ import annotations

import shutil
import time
from collections.abc import Mapping
from typing import TextIO

CLEAR = "\r\033[K"


class Progress:
    """How many parts of each step have answered; every step that is shown is waited for."""

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream
        self.began = time.monotonic()
        self.steps: dict[str, tuple[int, int]] = {}

    def expect(self, steps: Mapping[str, int]) -> None:
        """Add steps, each with the number of its parts; a step without parts is left out."""
        self.steps |= {name: (0, parts) for name, parts in steps.items() if parts}
        self._show()

    def done(self, name: str) -> None:
        """One more part of the step has answered, or can't answer any more."""
        ended, parts = self.steps[name]
        self.steps[name] = (ended + 1, parts)
        if self.stream.isatty():
            self._show()
        elif ended + 1 == parts:
            self._write(f"{_count(name, parts, parts)}, after {time.monotonic() - self.began:.0f} s\n")

    def close(self) -> None:
        """Clear the line: what follows is the report."""
        if self.stream.isatty():
            self._write(CLEAR)

    def _show(self) -> None:
        if self.stream.isatty():
            line = "measuring: " + " · ".join(_count(name, *counts) for name, counts in self.steps.items())
            self._write(CLEAR + line[: shutil.get_terminal_size((80, 0)).columns - 1])

    def _write(self, text: str) -> None:
        self.stream.write(text)
        self.stream.flush()


def _count(name: str, ended: int, parts: int) -> str:
    """`paths 3/6`; a step of one part is there or is not."""
    return f"{name} {ended}/{parts}" if parts > 1 else f"{name} {'done' if ended else '…'}"
