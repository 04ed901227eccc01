"""The barrier at which hosts wait for each other."""

from __future__ import annotations

from collections.abc import Generator

from pyinfra import host
from pyinfra.api import StringCommand, operation


@operation()
def every_host_is_ready() -> Generator[StringCommand, None, None]:
    """Change nothing: pyinfra starts the next operation when all hosts have ended this one."""
    host.noop("all hosts have finished the phase before")
    yield from ()
