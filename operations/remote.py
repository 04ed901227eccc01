"""Asking one host while another is being changed: for what must not pass through a file, a log or host data."""

from __future__ import annotations

from typing import Any

from pyinfra import inventory
from pyinfra.api import Host, StringCommand


class RemoteFailure(Exception):
    """A command failed on a host; the message names the host and what it said on standard error."""


def run(name: str, command: str, stdin: str | None = None, timeout_s: int = 120) -> str:
    """Standard output of `command`, run by sh as root on the host `name`; its output is never printed.

    Raises RemoteFailure. Secrets go in by `stdin`, never in `command`.
    """
    target: Host = inventory.get_host(name)
    if not target.connected:
        target.connect(reason="(to ask it)")
    arguments: dict[str, Any] = {"_sudo": True} if target.data.get("_sudo") else {}
    if stdin is not None:
        arguments["_stdin"] = stdin
    ok, output = target.run_shell_command(
        StringCommand(command), print_output=False, print_input=False, _timeout=timeout_s, **arguments
    )
    if not ok:
        raise RemoteFailure(f"{name}: {' '.join(output.stderr_lines) or 'the command failed without a word'}")
    return output.stdout
