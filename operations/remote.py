"""Asking one host while another is being changed: for what must not pass through a file, a log or host data."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from typing import Any, TypeVar

import gevent  # type: ignore[import-untyped]
from gevent.lock import BoundedSemaphore  # type: ignore[import-untyped]
from paramiko.ssh_exception import ChannelException, SSHException
from pyinfra import inventory
from pyinfra.api import FactBase, Host, StringCommand

Answer = TypeVar("Answer")
# sshd takes ten sessions on one connection (MaxSessions), every host of a run may ask the same one at once, and that host
# has commands of its own to run. sshd counts a session until its processes are gone, which a busy host takes time for.
_turns: dict[str, BoundedSemaphore] = defaultdict(lambda: BoundedSemaphore(4))
REFUSALS = 40
PAUSE_S = 0.25


class RemoteFailure(Exception):
    """A command failed on a host; the message names the host and what it said on standard error."""


def run(name: str, command: str, stdin: str | None = None, timeout_s: int = 120) -> str:
    """Standard output of `command`, run by sh as root on the host `name`; its output is never printed.

    Raises RemoteFailure. Secrets go in by `stdin`, never in `command`.
    """
    target = _target(name)
    arguments = _privilege(target)
    if stdin is not None:
        arguments["_stdin"] = stdin

    def ask() -> Any:
        return target.run_shell_command(
            StringCommand(command), print_output=False, print_input=False, _timeout=timeout_s, **arguments
        )

    try:
        ok, output = _in_turn(name, ask)
    except (SSHException, OSError) as error:
        raise RemoteFailure(f"{name}: {error or 'the connection broke'}") from error
    if not ok:
        raise RemoteFailure(f"{name}: {' '.join(output.stderr_lines) or 'the command failed without a word'}")
    return output.stdout


def fact(name: str, question: type[FactBase[Any]], **arguments: Any) -> Any:
    """The answer of the host `name` to a fact, asked as root there."""
    target = _target(name)
    return _in_turn(name, lambda: target.get_fact(question, **arguments, **_privilege(target)))


def _in_turn(name: str, ask: Callable[[], Answer]) -> Answer:
    """Ask when it is our turn; a session that was refused has run nothing, so it is asked for again."""
    with _turns[name]:
        for _ in range(REFUSALS):
            try:
                return ask()
            except ChannelException:
                gevent.sleep(PAUSE_S)
        return ask()


def _target(name: str) -> Host:
    target: Host = inventory.get_host(name)
    if not target.connected:
        target.connect(reason="(to ask it)")
    return target


def _privilege(target: Host) -> dict[str, Any]:
    return {"_sudo": True} if target.data.get("_sudo") else {}
