"""The seconds that each phase of a run took, logged at its end."""

from __future__ import annotations

import time

from pyinfra import logger
from pyinfra.api.state import BaseStateCallback, State


class PhaseTimes(BaseStateCallback):
    """Adds up the seconds between operations under the phase that their names begin with."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._started = 0.0
        self._operations_left: int | None = None

    def operation_start(self, state: State, op_hash: str) -> None:  # type: ignore[override]
        """Start the clock."""
        if self._operations_left is None:
            self._operations_left = len(state.op_meta)
        self._started = time.monotonic()

    def operation_end(self, state: State, op_hash: str) -> None:  # type: ignore[override]
        """Stop the clock; after the last operation, log the sums."""
        title = sorted(state.op_meta[op_hash].names)[0].split(" | ")[0]
        self.seconds[title] = self.seconds.get(title, 0.0) + time.monotonic() - self._started
        self._operations_left = (self._operations_left or 0) - 1
        if self._operations_left == 0:
            logger.info(f"--> Time: {self}")

    def __str__(self) -> str:
        spent = " · ".join(f"{title} {seconds:.0f} s" for title, seconds in self.seconds.items())
        return f"{spent} · in all {sum(self.seconds.values()):.0f} s"
