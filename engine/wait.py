"""Waiting changes nothing: it counts as no change, in the preview and in the run."""

from __future__ import annotations

import time
from collections.abc import Generator
from typing import Any

import gevent  # type: ignore[import-untyped]
from pyinfra import host, state
from pyinfra.api import FactBase, StringCommand

from engine import remote
from engine.fail import fail


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


def answered(question: type[FactBase[Any]], seconds: int) -> Any:
    """The answer to a fact on this host. In a run it is asked again, for at most so many seconds, while there is none."""
    deadline = time.monotonic() + seconds
    answer = host.get_fact(question)
    while answer is None and state.is_executing and time.monotonic() < deadline:
        pause()
        answer = host.get_fact(question)
    return answer


def pause() -> None:
    """A second on this host, after which its facts are asked again; if that fails, the next question says why."""
    try:
        remote.run(host.name, "sleep 1")
    except remote.RemoteFailure:
        gevent.sleep(1)
