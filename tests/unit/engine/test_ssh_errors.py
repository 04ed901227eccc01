"""Each exception of the SSH library has its kind; what pyinfra puts around it changes nothing."""

from __future__ import annotations

import errno
import socket
from pathlib import Path
from typing import Any

import pytest
from paramiko import RSAKey
from paramiko.ssh_exception import (
    AuthenticationException,
    BadAuthenticationType,
    BadHostKeyException,
    NoValidConnectionsError,
    PasswordRequiredException,
    ProxyCommandFailure,
    SSHException,
)
from pyinfra.api.exceptions import ConnectError

from cluster.preflight.connection import Failure
from engine.ssh_errors import failure_of, is_locked
from tests.unit.engine.sshd import run

REFUSED, ROUTELESS = OSError(errno.ECONNREFUSED, "refused"), OSError(errno.EHOSTUNREACH, "no route")
KEY = RSAKey.generate(1024)


def wrapped(error: Exception) -> Exception:
    """As pyinfra raises it."""
    try:
        try:
            raise error
        except Exception as inner:
            raise ConnectError(f"SSH error ({inner})") from inner
    except ConnectError as outer:
        return outer


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (socket.gaierror(-2, "Name or service not known"), "name"),
        (NoValidConnectionsError({("203.0.113.4", 22): REFUSED}), "refused"),
        (NoValidConnectionsError({("203.0.113.4", 22): ROUTELESS}), "route"),
        (OSError(errno.ENETUNREACH, "Network is unreachable"), "route"),
        (TimeoutError("timed out"), "timeout"),
        (ConnectionResetError(errno.ECONNRESET, "reset"), "closed"),
        (EOFError(), "closed"),
        (SSHException("No existing session"), "greeting"),
        (SSHException('Indecipherable protocol version "HTTP/1.1 400"'), "other"),
        (SSHException("Error reading SSH protocol banner"), "greeting"),
        (AuthenticationException("Authentication failed."), "login"),
        (AuthenticationException("Authentication timeout."), "slow"),
        (BadAuthenticationType("", ["password"]), "login"),
        (PasswordRequiredException("Private key file is encrypted"), "locked"),
        (SSHException("No authentication methods available"), "keyless"),
        (SSHException("StrictPolicy: No host key for den found in known_hosts"), "unknown"),
        (BadHostKeyException("den", KEY, KEY), "changed"),
        (ProxyCommandFailure("nc", "no"), "proxy"),
        (FileNotFoundError(errno.ENOENT, "No such file", "/root/.ssh/known_hosts"), "file"),
        (SSHException("Incompatible ssh peer (no acceptable kex algorithm)"), "other"),
    ],
)
def test_kinds(error: Exception, kind: str) -> None:
    data: dict[str, Any] = {}
    assert failure_of(error, data).kind == kind
    assert failure_of(wrapped(error), data).kind == kind


def test_a_login_that_ends_after_the_greeting_had_too_many_keys() -> None:
    assert failure_of(SSHException("No existing session"), {}, is_greeted=True).kind == "login"


def test_the_file_of_host_keys_is_named() -> None:
    assert failure_of(BadHostKeyException("den", KEY, KEY), {"ssh_known_hosts_file": "k"}) == Failure("changed", "k")


def test_a_key_with_a_passphrase(tmp_path: Path) -> None:
    for name, passphrase in (("open", ""), ("shut", "words")):
        run("ssh-keygen", "-q", "-t", "ed25519", "-N", passphrase, "-f", str(tmp_path / name))
    assert [is_locked(str(tmp_path / name)) for name in ("open", "shut", "absent")] == [False, True, False]
