"""SIGINT, SIGTERM and SIGHUP as an exception, so that cleaning up is ordinary code."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from lab.failures import Interrupted

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_pending: list[int] | None = None  # signals that came while one step was not to be interrupted


def interrupt(number: int, frame: FrameType | None) -> None:
    """The first signal interrupts; those after it would stop the cleaning up, so they are ignored."""
    if _pending is not None:
        _pending.append(number)
        return
    ignore()
    raise Interrupted(f"interrupted by {signal.Signals(number).name}")


def ignore() -> None:
    """From now on these signals do nothing to this process."""
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)


@contextmanager
def interruptible() -> Iterator[None]:
    """Within, a signal raises Interrupted."""
    before = {number: signal.signal(number, interrupt) for number in SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Within, signals wait: for something that is made and recorded in two steps. (A blocked signal mask would be inherited.)"""
    global _pending
    waiting: list[int] = []
    _pending = waiting
    try:
        yield
    finally:
        _pending = None
    if waiting:
        interrupt(waiting[0], None)
