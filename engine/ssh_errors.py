"""What an exception of the SSH library, or of pyinfra's use of it, means for a connection."""

from __future__ import annotations

import errno
import traceback
from collections.abc import Iterator
from pathlib import Path
from socket import gaierror
from typing import Any

from paramiko import PKey
from paramiko.ssh_exception import (
    AuthenticationException,
    BadAuthenticationType,
    BadHostKeyException,
    NoValidConnectionsError,
    PasswordRequiredException,
    ProxyCommandFailure,
    SSHException,
)

from cluster.preflight.connection import Failure

KNOWN_HOSTS = "~/.ssh/known_hosts"
TOO_MANY = "it ended the login, as it does after too many keys"
_UNREACHABLE = (errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EADDRNOTAVAIL)
_CLOSED = (errno.ECONNRESET, errno.EPIPE, errno.ECONNABORTED)


def failure_of(error: BaseException, data: Any, is_greeted: bool = False) -> Failure:
    """The failure that `error` stands for; `data` are the host's data, where paths come from.

    `is_greeted`: the other side has sent SSH's greeting.
    """
    causes = list(_causes(error))
    if any(_is_at_a_hop(one) for one in causes):
        return Failure("proxy", _words(causes[-1]))
    if any("No existing session" in str(one) for one in causes):
        # The library goes on to the login when its time for the greeting is over.
        return Failure("login", TOO_MANY) if is_greeted else Failure("greeting", "no greeting in time")
    known = (_named(one, data) for one in causes)
    return next((one for one in known if one), Failure("other", _words(error)))


def _is_at_a_hop(error: BaseException) -> bool:
    """Whether it was raised while a jump host was connected to, which pyinfra does as it reads the SSH configuration."""
    return any(frame.name == "parse_config" for frame in traceback.extract_tb(error.__traceback__))


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error, then what it came from: pyinfra wraps the library's own."""
    seen: BaseException | None = error
    while seen is not None:
        yield seen
        seen = seen.__cause__ or seen.__context__


def _named(error: BaseException, data: Any) -> Failure | None:
    if isinstance(error, BadHostKeyException):
        return Failure("changed", _known_hosts(data))
    if isinstance(error, PasswordRequiredException):
        return Failure("locked", data.get("ssh_key") or "~/.ssh/id_ed25519")
    if isinstance(error, AuthenticationException):
        return Failure("slow") if "timeout" in str(error) else Failure("login", _offered(error))
    if isinstance(error, ProxyCommandFailure):
        return Failure("proxy", _words(error))
    if isinstance(error, gaierror):
        return Failure("name")
    if isinstance(error, SSHException):
        return _by_text(error, data)
    if isinstance(error, OSError):
        return _by_number(error)
    return Failure("closed") if isinstance(error, EOFError) else None


def _by_text(error: SSHException, data: Any) -> Failure | None:
    """The library has no class of its own for these."""
    text = str(error)
    if "No host key for" in text:
        return Failure("unknown", _known_hosts(data))
    if "authentication methods available" in text:
        return Failure("keyless")
    if "protocol banner" in text or "Invalid version" in text:
        closed = any(isinstance(one, EOFError | ConnectionError) for one in _causes(error))
        return Failure("closed") if closed else Failure("greeting", _greeting(text))
    return Failure("closed") if "connection dropped" in text or "Negotiation failed" in text else None


def _by_number(error: OSError) -> Failure | None:
    if isinstance(error, NoValidConnectionsError):
        numbers = {getattr(one, "errno", None) for one in error.errors.values()}
        return Failure("refused") if errno.ECONNREFUSED in numbers else Failure("route")
    if isinstance(error, TimeoutError) or error.errno == errno.ETIMEDOUT:
        return Failure("timeout")
    if error.errno == errno.ECONNREFUSED:
        return Failure("refused")
    if error.errno in _UNREACHABLE:
        return Failure("route")
    if error.errno in _CLOSED:
        return Failure("closed")
    return Failure("file", str(error.filename)) if error.filename else None


def _offered(error: AuthenticationException) -> str:
    if isinstance(error, BadAuthenticationType):
        return f"it takes {' or '.join(error.allowed_types)} only"
    return _words(error)


def _greeting(text: str) -> str:
    return "no greeting in time" if text.rstrip().endswith("banner") else " ".join(text.split())[:100]


def _known_hosts(data: Any) -> str:
    return str(data.get("ssh_known_hosts_file") or KNOWN_HOSTS)


def _words(error: BaseException) -> str:
    text = " ".join(str(part) for part in error.args if part) or type(error).__name__
    return " ".join(text.split()).rstrip(".")[:200]


def is_locked(path: str) -> bool:
    """Whether that key file has a passphrase; False if it can't be read, which is reported when it is used."""
    try:
        PKey.from_path(Path(path).expanduser())
    except (PasswordRequiredException, TypeError):
        return True
    except Exception:
        # The library raises errors of several libraries below it for a key that it does not know.
        return False
    return False
