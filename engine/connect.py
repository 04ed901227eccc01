"""Which hosts a run connects to, and without which of them it goes on.

The deploy needs all. verify goes on without those that can't be reached: that they can't is what it has to say. A task says for
itself whom it asks, and who may be away.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import pyinfra_cli.cli
from pyinfra.api.exceptions import PyinfraError
from pyinfra.api.state import BaseStateCallback

from cluster.problems import Problem, format_problems
from engine import command_line
from engine.inventory import active_hosts, cluster

unreachable: dict[str, str] = {}


class Connections(BaseStateCallback):
    """Keeps what went wrong with each host; where verify reaches none, ends with 2: nothing can be measured."""

    def host_connect_error(self, state: Any, host: Any, error: Exception) -> None:  # type: ignore[override]
        """Remember it."""
        unreachable[host.name] = " ".join(str(part) for part in error.args) or type(error).__name__
        wanted = [member for member in state.inventory if state.is_host_in_limit(member)]
        if command_line.is_verify() and all(member.name in unreachable for member in wanted):
            print(f"0 of {len(wanted)} hosts could be reached: nothing was measured", file=sys.stderr)
            sys.exit(2)


def go_on_without_the_unreachable() -> None:
    """Have pyinfra connect to those that the story needs, and go on without those that it can do without.

    A host that fails later stops the run all the same; verify has no operations that could fail.
    """
    connect_all = pyinfra_cli.cli.connect_all

    def connect(state: Any) -> None:
        # Callbacks can be added only now: the state was not made ready before.
        state.add_callback_handler(Connections())
        if command_line.task():
            _narrow(state)
        limit, ask = state.config.FAIL_PERCENT, state.should_raise_failed_hosts
        state.config.FAIL_PERCENT, state.should_raise_failed_hosts = 100, None
        try:
            connect_all(state)
        except PyinfraError:
            # pyinfra ends where no host is left; which one was needed says more.
            if not command_line.task():
                raise
        if not command_line.is_verify():
            state.config.FAIL_PERCENT, state.should_raise_failed_hosts = limit, ask
            _refuse_without(state)
            # What is left may be away: for pyinfra it would have failed, and the run with it.
            state.failed_hosts.clear()

    if command_line.is_verify() or command_line.task():
        pyinfra_cli.cli.connect_all = connect


def _narrow(state: Any) -> None:
    """Leave out the hosts that the task does not ask."""
    asked = command_line.declared().asks(cluster(), command_line.given())
    state.limit_hosts = [
        member for member in state.inventory if member.name in asked and state.is_host_in_limit(member)
    ]


def _refuse_without(state: Any) -> None:
    """Stop where the task can't do without a host that does not answer, or that --limit and --exclude leave out."""
    task, told = command_line.declared(), command_line.given()
    reached = active_hosts()
    found = [_away(name) for name in sorted(set(unreachable) - set(task.may_be_away(cluster(), told)))]
    found += [_nobody(group) for group in task.needs(cluster(), told) if not reached & set(group)]
    if found:
        raise PyinfraError(format_problems(found, "the hosts; nothing was changed"))


def _away(name: str) -> Problem:
    return Problem(
        name,
        f"it can't be reached: {unreachable[name]}",
        "the task has something to do there",
        f"see that `ssh` reaches it; or do without it now, and run the deploy when it is back: --exclude {name}",
    )


def _nobody(group: Sequence[str]) -> Problem:
    return Problem(
        ", ".join(group),
        "it is left out, or can't be reached" if len(group) == 1 else "they are left out, or can't be reached",
        "the task is done by it" if len(group) == 1 else "the task is done by one of them",
        "see that `ssh` reaches it, and that --limit and --exclude leave it in",
    )
