"""The first question of a run: whether commands run as root on each host, before anything else is asked."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable
from getpass import getpass

import gevent  # type: ignore[import-untyped]
from pyinfra.api import Host
from pyinfra.api.exceptions import PyinfraError

from cluster.observed.login import parse_login
from cluster.preflight import login
from cluster.problems import Problem
from engine import command_line, remote
from engine.ssh import Unanswered
from engine.ssh_connection import ANSWER_WITHIN_S, SshSessions
from facts.base import FactCommand
from facts.login import Login

# A batch has two minutes (engine/fact_cache/dispatch.py); then the question is asked once more by itself.
BATCH_WITHIN_S = 160
# Host → seconds that it took for its first answer.
answered_in: dict[str, float] = {}
# Where pyinfra's connectors look for the password of sudo, whoever runs the command.
PASSWORD = "prompted_sudo_password"  # noqa: S105


def passwords(targets: Iterable[Host]) -> list[Problem]:
    """Keep the sudo passwords of the hosts for this run; `_use_sudo_password` is asked once for all of them."""
    everywhere = command_line.option("use_sudo_password")
    found, asked = [], [target for target in targets if everywhere or target.data.get("_use_sudo_password")]
    for target in asked:
        if not target.data.get("_sudo_password") and not sys.stdin.isatty():
            found.append(login.locked_sudo(remote.way_of(target)))
    to_ask = [target for target in asked if not target.data.get("_sudo_password")]
    answer = (
        getpass(f"sudo password on {', '.join(target.name for target in to_ask)}: ") if to_ask and not found else ""
    )
    for target in targets:
        password = target.data.get("_sudo_password") or (answer if target in to_ask else "")
        if password:
            target.connector_data[PASSWORD] = password
            # As an argument of each command it would keep facts from being cached.
            target.data._sudo_password = None
    return found


def problem_of(target: Host) -> Problem | None:
    """Why commands don't run as root on a connected host; None if they do, or if it is no host of SSH."""
    if not isinstance(target.connector, SshSessions):
        return None
    way, began = remote.way_of(target), time.monotonic()
    # verify measures how long this one question takes. In a deploy it brings all others along, and a time limit as an argument would
    # keep it from that: a run without changes is one execution.
    alone = {"_timeout": ANSWER_WITHIN_S} if command_line.is_verify() else {}
    limit_s = ANSWER_WITHIN_S if alone else BATCH_WITHIN_S
    try:
        with gevent.Timeout(limit_s + 1):
            ok, output = target.run_shell_command(FactCommand(Login().command()), **alone, **remote.privilege(target))
    except Unanswered as error:
        return login.problem(way, error.printed)
    except (TimeoutError, gevent.Timeout):
        return login.slow(way, limit_s)
    except (*remote.BROKEN, PyinfraError) as error:
        return login.problem(way, [str(error) or type(error).__name__])
    if not ok:
        return login.problem(way, [*output.stdout_lines, *output.stderr_lines])
    answered_in[target.name] = time.monotonic() - began
    try:
        uid = parse_login(output.stdout_lines).uid
    except (ValueError, KeyError):
        return login.problem(way, output.stdout_lines)
    return login.not_root(way, uid) if uid else None
