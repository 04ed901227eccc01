"""What pyinfra prints, without control characters: much of it comes from hosts."""

from __future__ import annotations

import logging
import re
from typing import Any

import click
from pyinfra import logger
from pyinfra.api.output import set_echo

from cluster.problems import printable

# pyinfra's own colours.
_COLOUR = re.compile(r"(\x1b\[[0-9;]*m)")


def clean(text: str) -> str:
    """The text with every control character as text, but for colours, line ends and tabs."""
    return "".join(part if _COLOUR.fullmatch(part) else printable(part) for part in _COLOUR.split(text))


def echo_clean() -> None:
    """Have pyinfra print through `clean`, its log too."""
    set_echo(_echo)
    if not any(isinstance(one, Cleaned) for one in logger.filters):
        logger.addFilter(Cleaned())


class Cleaned(logging.Filter):
    """Cleans each message of pyinfra's log."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Keep the record, with a clean message."""
        if isinstance(record.msg, str):
            record.msg, record.args = clean(record.msg % record.args if record.args else record.msg), None
        return True


def _echo(message: Any = None, **options: Any) -> None:
    click.echo(clean(message) if isinstance(message, str) else message, **options)
