"""A host's SSH connection: failures that have a kind, keys with a passphrase, and a line whose death is noticed.

It extends pyinfra's SSH connector by its own methods.
"""

# The class is mixed in before a connector, which `super()` leads to.
# mypy: disable-error-code="safe-super"

from __future__ import annotations

from typing import Any

import gevent  # type: ignore[import-untyped]
from paramiko.ssh_exception import SSHException
from pyinfra import logger
from pyinfra.api.exceptions import ConnectError, PyinfraError
from pyinfra.connectors.base import BaseConnector

from cluster.preflight.connection import Failure
from engine import ssh_errors
from engine.ssh import Framed, Transfer

# A dead line is noticed within a minute: 15 s until the next question, and 40 s for its answer, which a busy machine may need.
ASK_EVERY_S = 15
ANSWER_WITHIN_S = 40


class SshSessions(BaseConnector):
    """Mixed into pyinfra's SSH connector."""

    client: Any
    data: Any
    failure: Failure | None = None
    _framed: Framed

    def connect(self) -> None:
        """Connect; raises ConnectError for every failure, whose kind is then in `failure`."""
        try:
            super().connect()
        except (PyinfraError, SSHException, OSError, EOFError, ValueError, TypeError) as error:
            transport = self.client and self.client.get_transport()
            self.failure = ssh_errors.failure_of(error, self.data, bool(transport and transport.remote_version))
            key = self.data.get("ssh_key")
            if self.failure.kind in ("login", "keyless") and key and ssh_errors.is_locked(key):
                self.failure = Failure("locked", key)
            raise ConnectError(" ".join(str(part) for part in error.args)) from error
        transport = self.client.get_transport()
        gevent.spawn(watch, transport, self.host.print_prefix)
        self._framed = Framed(transport)
        self.client.exec_command = self._framed.run

    def make_paramiko_kwargs(self) -> dict[str, Any]:
        """pyinfra's own, but a key with a passphrase is looked for in the agent: nobody is asked for it in a run."""
        key = self.data.get("ssh_key")
        if not key or self.data.get("ssh_key_password") or not ssh_errors.is_locked(key):
            return super().make_paramiko_kwargs()  # type: ignore[misc,no-any-return]
        self.data["ssh_key"] = None
        try:
            return {**super().make_paramiko_kwargs(), "allow_agent": True, "look_for_keys": False}  # type: ignore[misc]
        finally:
            self.data["ssh_key"] = key

    def get_file_transfer_connection(self) -> Transfer:
        """Files go through a command: SFTP holds a session of its own, and breaks if the login prints anything."""
        return Transfer(self._framed)

    def disconnect(self) -> None:
        """Nothing is kept for files."""


def watch(transport: Any, prefix: str) -> None:
    """Ask the other side again and again whether it is there, until the connection ends; without an answer, end it.

    Every SSH server answers a request that it does not know. It goes through jump hosts and proxies, as TCP's own keepalive does not.
    """
    while transport.is_active():
        gevent.sleep(ASK_EVERY_S)
        try:
            with gevent.Timeout(ANSWER_WITHIN_S):
                transport.global_request("keepalive@openssh.com", wait=True)
        except gevent.Timeout:
            logger.error(f"{prefix}the connection is dead: no answer for {ANSWER_WITHIN_S} s")
            transport.close()
        except (SSHException, OSError, EOFError):
            return
