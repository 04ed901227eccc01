"""verify goes on without the hosts that can't be reached: that they can't is what it has to say."""

from __future__ import annotations

import sys
from typing import Any

import click
import pyinfra_cli.cli
from pyinfra import config
from pyinfra.api.state import BaseStateCallback

VERIFY = "verify.py"
# What `--data` may say to verify; the model of the cluster knows nothing of it.
WORDS = ("only", "skip", "json")
unreachable: dict[str, str] = {}


class Connections(BaseStateCallback):
    """Keeps what went wrong with each host; where it is all of them, ends with 2: nothing can be measured."""

    def host_connect_error(self, state: Any, host: Any, error: Exception) -> None:  # type: ignore[override]
        """Remember it."""
        unreachable[host.name] = " ".join(str(part) for part in error.args) or type(error).__name__
        wanted = [member for member in state.inventory if state.is_host_in_limit(member)]
        if all(member.name in unreachable for member in wanted):
            print(f"0 of {len(wanted)} hosts could be reached: nothing was measured", file=sys.stderr)
            sys.exit(2)


def said(option: str) -> Any:
    """The value of pyinfra's own option or argument on this command line, by its name in pyinfra; None without one."""
    context = click.get_current_context(silent=True)
    return context.params.get(option) if context else None


def is_verify() -> bool:
    """Whether the command line names verify.py."""
    return any(str(operation).endswith(VERIFY) for operation in said("operations") or ())


def go_on_without_the_unreachable() -> None:
    """For verify alone: a failed connection is an answer. Everything else stops at the first failed host."""
    if is_verify():
        config.FAIL_PERCENT = 100
        connect_all = pyinfra_cli.cli.connect_all

        def connect(state: Any) -> None:
            # Callbacks can be added only now: the state was not made ready before.
            state.add_callback_handler(Connections())
            connect_all(state)

        pyinfra_cli.cli.connect_all = connect
