"""Waiting changes nothing: it counts as no change, in the preview and in the run."""

from __future__ import annotations

from collections.abc import Generator

import gevent  # type: ignore[import-untyped]
from pyinfra import host, state
from pyinfra.api import StringCommand

from operations import remote
from operations.failing import fail


def wait(command: str, seconds: int, done: str) -> Generator[StringCommand, None, None]:
    """Wait on this host for a command that ends by itself within `seconds`; where it fails, so does the host, with its words."""
    if not state.is_executing:
        host.noop("waited for in the run")
        return
    try:
        remote.run(host.name, command, timeout_s=seconds + 30)
    except remote.RemoteFailure as failure:
        yield fail(str(failure))
        return
    host.noop(done)


def pause() -> None:
    """A second on this host, after which its facts are asked again; if that fails, the next question says why."""
    try:
        remote.run(host.name, "sleep 1")
    except remote.RemoteFailure:
        gevent.sleep(1)
