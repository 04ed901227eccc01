"""Keys of pyinfra's own SSH connections: read so that a wrong one is refused before any connection. The model does not contain them."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from cluster.model.key import Declared, Key, one_of
from cluster.model.types import LocalPath


def _read_text(value: Any) -> Any:
    """A text. None must not be written: pyinfra takes only text."""
    if not isinstance(value, str):
        raise ValueError("is no text in quotes")
    return value


# pyinfra knows `ask`, too: it would ask for several hosts at once, in the middle of other output.
HostKeyChecking = Literal["yes", "accept-new", "no", "off"]
Protocol = Literal["sftp", "scp"]
Text = Annotated[str, Field(strict=True)]
Secret = Annotated[str | None, BeforeValidator(_read_text)]
Switch = Annotated[bool, Field(strict=True)]
Count = Annotated[int, Field(strict=True, ge=0, le=1000)]
Seconds = Annotated[float, Field(strict=True, ge=0, le=3600)]

_LOGIN = "the operator's machine logs in by it"
_TEXT = "a text in quotes"
_SWITCH = "True or False"
_RETRY = "a connection that fails is tried again"


class ConnectionSettings(Declared):
    """pyinfra's SSH keys (its connectors/ssh.py), without the four that `HostSettings` has."""

    ssh_password: Annotated[Secret, Key(_TEXT, _LOGIN, '"from a password manager"', is_secret=True)] = None
    ssh_key_password: Annotated[
        Secret, Key(_TEXT, "it decrypts ssh_key", '"from a password manager"', is_secret=True)
    ] = None
    ssh_known_hosts_file: Annotated[
        LocalPath,
        Key("the path of a known_hosts file", "a host proves itself by its key there", '"~/.ssh/known_hosts"'),
    ] = None
    ssh_strict_host_key_checking: Annotated[
        HostKeyChecking, Key(one_of(HostKeyChecking), "it decides what happens with an unknown host key", '"yes"')
    ] = "accept-new"
    ssh_allow_agent: Annotated[Switch, Key(_SWITCH, "keys of an SSH agent are tried", "False")] = True
    ssh_look_for_keys: Annotated[Switch, Key(_SWITCH, "keys in ~/.ssh are tried", "False")] = True
    ssh_forward_agent: Annotated[Switch, Key(_SWITCH, "the host may use the operator's SSH agent", "True")] = False
    ssh_paramiko_connect_kwargs: Annotated[
        dict[Text, Any],
        Key("a mapping of names to values", "paramiko takes them when it connects", '{"banner_timeout": 60}'),
    ] = {}  # noqa: RUF012 (pydantic copies it)
    ssh_connect_retries: Annotated[Count, Key("a number from 0 to 1000", _RETRY, "3")] = 0
    ssh_connect_retry_min_delay: Annotated[Seconds, Key("a number of seconds from 0 to 3600", _RETRY, "1")] = 0.1
    ssh_connect_retry_max_delay: Annotated[Seconds, Key("a number of seconds from 0 to 3600", _RETRY, "5")] = 0.5
    ssh_file_transfer_protocol: Annotated[Protocol, Key(one_of(Protocol), "files are sent by it", '"scp"')] = "sftp"

    @staticmethod
    def readable(values: dict[str, Any]) -> dict[str, Any]:
        """The values without what only paramiko understands: any object may be in its arguments."""
        arguments = values.get("ssh_paramiko_connect_kwargs")
        if not isinstance(arguments, dict):
            return values
        return {**values, "ssh_paramiko_connect_kwargs": dict.fromkeys(arguments)}
