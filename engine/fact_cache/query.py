"""A query: the shell text of a fact, and as whom it is run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

# As whom a query is run. With any other argument (passwords, variables, a folder, a time limit) a fact is not cached.
PRIVILEGE = frozenset(
    {
        *("_sudo", "_sudo_user", "_use_sudo_login", "_preserve_sudo_env"),
        *("_su_user", "_use_su_login", "_preserve_su_env", "_su_shell"),
        *("_doas", "_doas_user", "_dzdo", "_dzdo_user"),
    }
)
# What changes nothing: pyinfra's own retries (for operations), and what is shown of it.
_WITHOUT_EFFECT = frozenset({"_retries", "_retry_delay", "_retry_until", "_temp_dir", "print_output", "print_input"})
_USUAL: Mapping[str, Any] = {"_shell_executable": "sh", "_success_exit_codes": [0]}
Privilege = tuple[tuple[str, str | bool], ...]


@dataclass(frozen=True)
class Query:
    """`privilege` holds the arguments of PRIVILEGE that are set, by name; `text` is for sh."""

    privilege: Privilege
    text: str


def query_of(text: str, arguments: Mapping[str, Any]) -> Query | None:
    """The query for a fact's command and pyinfra's arguments to it; None if it must be sent by itself."""
    given = {
        key: value
        for key, value in arguments.items()
        if value and key not in _WITHOUT_EFFECT and _USUAL.get(key) != value
    }
    if not given.keys() <= PRIVILEGE:
        return None
    return Query(tuple(sorted(given.items())), str(text))
