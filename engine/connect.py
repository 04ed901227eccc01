"""Which hosts a run connects to, and which of them are optional.

The deploy needs all. verify goes on without hosts that can't be reached, and reports them. A task declares which hosts it
connects to, and which of them are optional.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

from pyinfra.api.connect import connect_all
from pyinfra.api.exceptions import PyinfraError
from pyinfra.api.state import BaseStateCallback

from cluster.problems import Problem, format_problems
from engine import command_line
from engine.confirm import Confirmation
from engine.inventory import active_hosts, current_cluster
from engine.timing import PhaseTimes

unreachable: dict[str, str] = {}


class Connections(BaseStateCallback):
    """Keeps why each host could not be reached; if verify reaches none, ends with 2: nothing can be measured."""

    def host_connect_error(self, state: Any, host: Any, error: Exception) -> None:  # type: ignore[override]
        """Record the reason."""
        unreachable[host.name] = " ".join(str(part) for part in error.args) or type(error).__name__
        wanted = [member for member in state.inventory if state.is_host_in_limit(member)]
        if command_line.is_verify() and all(member.name in unreachable for member in wanted):
            print(f"0 of {len(wanted)} hosts could be reached: nothing was measured", file=sys.stderr)
            sys.exit(2)


def connect_needed(state: Any) -> None:
    """Connect to the hosts that the deploy file needs, and go on without optional ones.

    It also adds the callbacks of this run: the state takes none before.
    A host that fails later stops the run all the same; verify has no operations that could fail.
    """
    if command_line.task_name():
        state.add_callback_handler(Confirmation())
    if command_line.deploy_files():
        state.add_callback_handler(PhaseTimes())
    if command_line.task_name() or command_line.is_verify():
        _connect_with_optional(state)
    else:
        connect_all(state)


def _connect_with_optional(state: Any) -> None:
    state.add_callback_handler(Connections())
    if command_line.task_name():
        _narrow(state)
    limit, ask = state.config.FAIL_PERCENT, state.should_raise_failed_hosts
    state.config.FAIL_PERCENT, state.should_raise_failed_hosts = 100, None
    try:
        connect_all(state)
    except PyinfraError:
        # pyinfra stops if no host is left; which one was needed says more.
        if not command_line.task_name():
            raise
    if not command_line.is_verify():
        state.config.FAIL_PERCENT, state.should_raise_failed_hosts = limit, ask
        _refuse_without(state)
        # The hosts that are left out are optional: for pyinfra they would have failed, and the run with them.
        state.failed_hosts.clear()


def _narrow(state: Any) -> None:
    """Leave out the hosts that the task does not connect to."""
    asked = command_line.task().hosts(current_cluster(), command_line.given())
    state.limit_hosts = [
        member for member in state.inventory if member.name in asked and state.is_host_in_limit(member)
    ]


def _refuse_without(state: Any) -> None:
    """Stop if a host that the task needs can't be reached, or is left out by --limit or --exclude."""
    task, given = command_line.task(), command_line.given()
    reached = active_hosts()
    found = [_away(name) for name in sorted(set(unreachable) - set(task.may_be_away(current_cluster(), given)))]
    found += [_nobody(group) for group in task.needs(current_cluster(), given) if not reached & set(group)]
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
