"""SIGINT, SIGTERM and SIGHUP as an exception, so that cleaning up is ordinary code."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from .failures import Interrupted

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def interrupt(number: int, frame: FrameType | None) -> None:
    """The first signal interrupts; those after it would stop the cleaning up, so they are ignored."""
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
    """Within, signals wait: for a step whose record must not be lost."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
