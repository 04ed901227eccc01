"""How an operation refuses one host and leaves the others alone."""

from __future__ import annotations

import shlex

from pyinfra.api import StringCommand


def fail(reason: str) -> StringCommand:
    """A command that does nothing but fail with `reason`: pyinfra then stops this host, and the run with it.

    Raising in an operation would end the run of every host with a traceback.
    """
    return StringCommand(f"echo {shlex.quote(reason)} >&2; exit 1")
