"""Which hosts a run connects to, and which of them are optional.

The deploy needs all. verify goes on without hosts that can't be reached, and reports them. A task declares which hosts it
connects to, and which of them are optional.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import gevent  # type: ignore[import-untyped]
from pyinfra.api import Host
from pyinfra.api.exceptions import PyinfraError

from cluster.preflight import connection
from cluster.preflight.connection import Failure
from cluster.problems import Problem, format_problems
from engine import command_line, login, remote
from engine.confirm import Confirmation
from engine.inventory import active_hosts, current_cluster
from engine.timing import PhaseTimes

unreachable: dict[str, str] = {}
_problems: dict[str, Problem] = {}


def connect_needed(state: Any) -> None:
    """Connect to the hosts that the deploy file needs, and go on without optional ones.

    It also adds the callbacks of this run: the state takes none before.
    A host that fails later stops the run all the same; verify has no operations that could fail.
    """
    if command_line.task_name():
        state.add_callback_handler(Confirmation())
        _narrow(state)
    if command_line.deploy_files():
        state.add_callback_handler(PhaseTimes())
    wanted = [member for member in state.inventory if state.is_host_in_limit(member)]
    _refuse(login.passwords(list(state.inventory)))
    _connect(state, wanted)
    if command_line.is_verify():
        _end_without_any(wanted)
    elif command_line.task_name():
        _refuse_without(state)
    else:
        _refuse(list(_problems.values()))


def _connect(state: Any, wanted: Sequence[Host]) -> None:
    """Connect to all hosts at once, ask each the first question, and activate the hosts that answer as root."""
    tried = {member: state.pool.spawn(_problem_of, member) for member in wanted}
    gevent.joinall(list(tried.values()), raise_error=True)
    for member, outcome in tried.items():
        if outcome.value is None:
            state.activate_host(member)
            continue
        _problems[member.name] = outcome.value
        unreachable[member.name] = outcome.value.what


def _problem_of(member: Host) -> Problem | None:
    member.connect(show_errors=False)
    if not member.connected:
        failure = getattr(member.connector, "failure", None) or Failure("other", "the connector could not connect")
        return connection.problem(remote.way_of(member), failure)
    # A fact or a command of pyinfra's own needs no root.
    return login.problem_of(member) if command_line.deploy_files() else None


def _end_without_any(wanted: Sequence[Host]) -> None:
    """End verify with 2 if no host answers: nothing can be measured."""
    if wanted and all(member.name in unreachable for member in wanted):
        print(format_problems(_problems.values(), "the hosts"), file=sys.stderr)
        print(f"0 of {len(wanted)} hosts could be reached: nothing was measured", file=sys.stderr)
        sys.exit(2)


def _refuse(found: Sequence[Problem]) -> None:
    if found:
        raise PyinfraError(format_problems(found, "the hosts; nothing was changed"))


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
    needed = sorted(set(unreachable) - set(task.may_be_away(current_cluster(), given)))
    missing = [group for group in task.needs(current_cluster(), given) if not reached & set(group)]
    # A host without which the task can't be done is not one to leave out.
    found = [
        _problems[name] if any(name in group for group in missing) else _away(_problems[name], name) for name in needed
    ]
    found += [_nobody(group) for group in missing if not set(group) <= set(needed)]
    _refuse(found)


def _away(problem: Problem, name: str) -> Problem:
    fix = f"{problem.fix}; or do without it now, and run the deploy when it is back: --exclude {name}"
    return Problem(problem.where, problem.what, problem.why, fix)


def _nobody(group: Sequence[str]) -> Problem:
    return Problem(
        ", ".join(group),
        "it is left out, or can't be reached" if len(group) == 1 else "they are left out, or can't be reached",
        "the task is done by it" if len(group) == 1 else "the task is done by one of them",
        "see that `ssh` reaches it, and that --limit and --exclude leave it in",
    )
