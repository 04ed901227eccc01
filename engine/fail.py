"""Failing one host from within an operation."""

from __future__ import annotations

import shlex

from pyinfra.api import StringCommand

# Why nothing can be done without an answer, and where the cause is found; each is about the host that is asked.
API_SILENT = "the API does not answer; see `journalctl -u kubelet` and /var/log/pods on this host"
HEADSCALE_SILENT = "headscale does not answer; see `journalctl -u headscale -n 30` on this host"


def fail(reason: str) -> StringCommand:
    """A command that only fails, with `reason` on standard error: pyinfra then stops this host, and the run with it.

    Raising in an operation would end the run of every host with a traceback.
    """
    return StringCommand(f"echo {shlex.quote(reason)} >&2; exit 1")
