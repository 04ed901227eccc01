"""Sessions on a connection: sshd takes ten at a time (MaxSessions), and refuses the eleventh."""

from __future__ import annotations

from functools import wraps
from typing import Any

import gevent  # type: ignore[import-untyped]
from paramiko.client import SSHClient
from paramiko.ssh_exception import ChannelException

TRIES = 240
PAUSE_S = 0.25


def wait_for_sessions() -> None:
    """Have this process ask again for a session that was refused, for a minute; nothing has run in it.

    All hosts of a run may ask the coordinator at once, and sshd counts a session until its processes are gone, which a busy
    host takes time for. pyinfra alone would give the host up.
    """
    refused = SSHClient.exec_command
    if getattr(refused, "is_patient", False):
        return

    @wraps(refused)
    def exec_command(*arguments: Any, **options: Any) -> Any:
        for _ in range(TRIES):
            try:
                return refused(*arguments, **options)
            except ChannelException:
                gevent.sleep(PAUSE_S)
        return refused(*arguments, **options)

    exec_command.is_patient = True  # type: ignore[attr-defined]
    SSHClient.exec_command = exec_command  # type: ignore[method-assign]
