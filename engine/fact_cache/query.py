"""What is asked: a shell text, and as whom it is run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pyinfra.api import StringCommand

# As whom a question is run. Whatever else may be given (passwords, variables, a folder, a time limit) makes it no question of ours.
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
class Question:
    """`privilege` holds those arguments of pyinfra's that are set, by name; `text` is for sh."""

    privilege: Privilege
    text: str


def question_of(command: str | StringCommand, arguments: Mapping[str, Any]) -> Question | None:
    """The question that pyinfra is about to send, or None for one that must go by itself: it hides something, or is run oddly."""
    text = command if isinstance(command, str) else command.get_raw_value()
    given = {
        key: value
        for key, value in arguments.items()
        if value and key not in _WITHOUT_EFFECT and _USUAL.get(key) != value
    }
    if not given.keys() <= PRIVILEGE or text != str(command):
        return None
    return Question(tuple(sorted(given.items())), text)
