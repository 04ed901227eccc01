"""Waiting: one loop for hosts, as text for sh, and one for this process. It counts as no change, in the preview and in the run."""

from __future__ import annotations

import shlex
import time
from collections.abc import Callable, Generator
from typing import Any, TypeVar

import gevent  # type: ignore[import-untyped]
from pyinfra import host, state
from pyinfra.api import StringCommand

from engine import remote
from engine.fail import fail
from facts.base import Fact

Answer = TypeVar("Answer")


def wait(command: str, seconds: int, done: str) -> Generator[StringCommand, None, None]:
    """Wait on this host for a command that ends by itself within `seconds`; if it fails, so does the host, with its standard error."""
    if not state.is_executing:
        host.noop("waited for in the run")
        return
    try:
        remote.run(host.name, command, timeout_s=seconds + 30)
    except remote.RemoteFailure as failure:
        yield fail(str(failure))
        return
    host.noop(done)


def answered(question: type[Fact[Any]], seconds: int) -> Any:
    """A fact of this host. In a run, it is read again for at most `seconds` while it is None."""
    return poll(lambda: host.get_fact(question), lambda answer: answer is not None, seconds)


def pause() -> None:
    """Pause for a second on this host. It is a command, so that facts are read again; if it fails, the next fact reports why."""
    try:
        remote.run(host.name, "sleep 1")
    except remote.RemoteFailure:
        gevent.sleep(1)


def poll_script(question: str, *, seconds: int, otherwise: str, accept: str = "", every_s: int = 1) -> str:
    """Text for sh that runs `question` until it succeeds, for at most `seconds`.

    What it printed last is in `$state`, of which `accept` is a further test. Several polls with `seconds=0` share the time that
    `deadline_script` gave them. When the time is over, `otherwise` and the last state go to standard error, and the script exits with 1.
    """
    return (
        f"{deadline_script(seconds) if seconds else ''}"
        f"until state=$({question}){f' && {accept}' if accept else ''}; do "
        f'if test "$(date +%s)" -ge "$end"; then echo {shlex.quote(otherwise)}: "$state" >&2; exit 1; fi; sleep {every_s}; done'
    )


def deadline_script(seconds: int) -> str:
    """Text for sh that sets the end of all polls that follow."""
    return f"end=$(($(date +%s) + {seconds})); "


def poll(ask: Callable[[], Answer], is_reached: Callable[[Answer], bool], seconds: float) -> Answer:
    """The first state that is reached, or the last one when `seconds` are over; the host's facts are read again each second.

    A preview does not wait: it gives the state of now.
    """
    deadline = time.monotonic() + seconds
    while not is_reached(found := ask()) and state.is_executing and time.monotonic() <= deadline:
        pause()
    return found
