"""A task that destroys is confirmed by typing a name, after the preview and before the first change."""

from __future__ import annotations

import sys
from typing import Any, TextIO

from pyinfra import logger
from pyinfra.api.state import BaseStateCallback

from engine import command_line
from engine.inventory import current_cluster


class Confirmation(BaseStateCallback):
    """Asks the operator before the first operation of the run, unless `--data yes=NAME` has confirmed the task already.

    A preview starts no operation, so it never asks.
    """

    def __init__(self) -> None:
        self._is_given = False

    def operation_start(self, state: Any, op_hash: str) -> None:  # type: ignore[override]
        """Ask once; end with 1 if the answer is another."""
        if self._is_given:
            return
        if not _is_confirmed():
            logger.warning("That was not it: nothing was changed")
            sys.exit(1)
        self._is_given = True

    def operation_host_start(self, state: Any, host: Any, op_hash: str) -> None:  # type: ignore[override]
        """The same: with --serial and --no-wait, pyinfra announces an operation for each host only."""
        self.operation_start(state, op_hash)


class Answers:
    """Standard input whose end ends the run with a message; pyinfra's own prompts would end it with a traceback.

    It has no `fileno`: `input` would then read from the terminal by itself.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def readline(self, size: int = -1) -> str:
        """The next line; ends the run with 1 if there is none."""
        line = self._stream.readline(size)
        if not line:
            logger.warning("Nobody answers here: what was not confirmed is not done. -y runs without asking")
            sys.exit(1)
        return line

    def __getattr__(self, name: str) -> Any:
        if name == "fileno":
            raise AttributeError(name)
        return getattr(self._stream, name)


def end_unanswered_prompts() -> None:
    """Let every prompt of this process read its answer by `Answers`."""
    if sys.stdin and not isinstance(sys.stdin, Answers):
        sys.stdin = Answers(sys.stdin)  # type: ignore[assignment]


def _is_confirmed() -> bool:
    task, given = command_line.task(), command_line.given()
    if not task.warning or given.get("yes"):
        # A wrong `yes` was refused before any host was contacted.
        return True
    wanted = task.confirmed_by(current_cluster(), given)
    print(
        f"\n    {task.question(current_cluster(), given)}\n    Type {wanted} to do it: ",
        end="",
        file=sys.stderr,
        flush=True,
    )
    return input().strip() == wanted
