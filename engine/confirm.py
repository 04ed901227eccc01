"""What destroys is confirmed in so many words, after the preview and before the first change."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import pyinfra_cli.cli
from pyinfra import logger

from engine import command_line
from engine.inventory import cluster


def ask_before_destroying() -> None:
    """Have pyinfra ask the operator, unless `--data yes=NAME` has said it; and have it end in words where nobody can answer."""
    run_ops, confirm = pyinfra_cli.cli.run_ops, pyinfra_cli.cli._do_confirm

    def run(state: Any, **options: Any) -> None:
        if command_line.task() and not _is_confirmed():
            logger.warning("That was not it: nothing was changed")
            sys.exit(1)
        run_ops(state, **options)

    pyinfra_cli.cli.run_ops = run
    pyinfra_cli.cli._do_confirm = lambda message: _answered(lambda: confirm(message))


def _is_confirmed() -> bool:
    task, given = command_line.declared(), command_line.given()
    if not task.warning or given.get("yes"):
        # The door has refused a wrong `yes`.
        return True
    wanted = task.confirmed_by(cluster(), given)
    print(f"\n    {task.question(cluster(), given)}\n    Type {wanted} to do it: ", end="", file=sys.stderr, flush=True)
    return bool(_answered(lambda: input().strip() == wanted))


def _answered(question: Callable[[], Any]) -> Any:
    try:
        return question()
    except EOFError:
        logger.warning("Nobody answers here: nothing was changed. -y runs without asking")
        sys.exit(1)
