"""Commands and facts on a host other than the current one: for values that must not pass through a file, a log or host data."""

from __future__ import annotations

import base64
import binascii
from collections import defaultdict
from pathlib import Path
from typing import Any

from gevent.lock import BoundedSemaphore  # type: ignore[import-untyped]
from paramiko.ssh_exception import SSHException
from pyinfra import inventory, logger
from pyinfra.api import Host, StringCommand

from cluster.preflight import connection
from cluster.preflight.connection import Way
from facts.base import Fact, FactCommand

# All hosts of a run may need the same one at once, and sshd takes ten sessions on a connection (engine/connector.py).
_turns: dict[str, BoundedSemaphore] = defaultdict(lambda: BoundedSemaphore(6))
# What the SSH library raises if the other side goes away, at the latest when a session is asked for.
BROKEN = (SSHException, OSError, EOFError)


class RemoteFailure(Exception):
    """A command failed on a host; the message has the host's name and the command's standard error."""


def run(name: str, command: str, stdin: str | None = None, timeout_s: int = 120) -> str:
    """Standard output of `command`, run by sh as root on the host `name`; its output is never printed.

    Raises RemoteFailure. Secrets go in by `stdin`, never in `command`.
    """
    return _output(name, StringCommand(command), timeout_s, stdin)


def ask(name: str, script: str, timeout_s: int) -> str:
    """Standard output of `script`, run by sh as root on the host `name`; raises RemoteFailure.

    It changes nothing there, so cached facts stay, and it is not sent again in a later run, as a fact would be.
    """
    return _output(name, FactCommand("sh -s"), timeout_s, script)


def _output(name: str, command: StringCommand | FactCommand, timeout_s: int, stdin: str | None) -> str:
    target = _target(name)
    arguments: dict[str, Any] = {**privilege(target), "_timeout": timeout_s}
    if stdin is not None:
        arguments["_stdin"] = stdin
    try:
        with _turns[name]:
            # pyinfra takes a text as well, of which the connector looks at the type.
            ok, output = target.run_shell_command(
                command,  # type: ignore[arg-type]
                print_output=False,
                print_input=False,
                **arguments,
            )
    except BROKEN as error:
        raise RemoteFailure(f"{name}: {str(error) or 'the connection broke'}") from error
    if not ok:
        raise RemoteFailure(f"{name}: {' '.join(output.stderr_lines) or 'the command failed without a word'}")
    printed: str = output.stdout
    return printed


def fetch(name: str, path: str, local: Path, temporary: str) -> None:
    """Copy a file of the host `name` to this machine; raises RemoteFailure.

    `temporary`: path on the host for a copy that the login user can read, removed at the end.
    """
    target = _target(name)
    arguments = {"remote_temp_filename": temporary, **privilege(target)}
    try:
        with _turns[name]:
            is_fetched = target.get_file(path, str(local), **arguments)
    except BROKEN as error:
        raise RemoteFailure(f"{name}: {str(error) or 'the connection broke'}") from error
    if not is_fetched:
        raise RemoteFailure(f"{name}: {path} could not be read")


def content(name: str, script: str, timeout_s: int) -> bytes:
    """Decode what `script`, run by sh as root on the host `name`, prints in base64; raises RemoteFailure."""
    try:
        return base64.b64decode(run(name, "sh -s", script, timeout_s), validate=False)
    except binascii.Error as error:
        raise RemoteFailure(f"{name}: what it sent is incomplete ({error})") from error


def fact(name: str, fact_class: type[Fact[Any]], **arguments: Any) -> Any:
    """A fact of the host `name`, read as root; None or the fact's default if it could not be read."""
    try:
        target = _target(name)
    except RemoteFailure as failure:
        logger.error(str(failure))
        return None
    with _turns[name]:
        return target.get_fact(fact_class, **arguments, **privilege(target))


def _target(name: str) -> Host:
    target: Host = inventory.get_host(name)
    if not target.connected:
        target.connect(reason="(to read from it)", show_errors=False)
    if not target.connected:
        raise RemoteFailure(f"{name}: {_why(target)}")
    return target


def _why(target: Host) -> str:
    failure = getattr(target.connector, "failure", None)
    return connection.problem(way_of(target), failure).what if failure else "it can't be reached"


def way_of(target: Host) -> Way:
    """How the host is reached, by its data."""
    data = target.data
    address = str(data.get("ssh_hostname") or target.name)
    return Way(target.name, address, int(data.get("ssh_port") or 22), str(data.get("ssh_user") or "root"))


def privilege(target: Host) -> dict[str, Any]:
    """The arguments by which a command runs as root on the host."""
    return {"_sudo": True} if target.data.get("_sudo") else {}
