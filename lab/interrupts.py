"""SIGINT, SIGTERM and SIGHUP raise an exception, so that cleaning up is ordinary code."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from lab.failures import Interrupted

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_pending: list[int] | None = None  # signals that arrived within `uninterrupted`; None outside it


def interrupt(number: int, frame: FrameType | None) -> None:
    """Raise Interrupted at the first signal; later ones would stop the cleaning up, so they are ignored."""
    if _pending is not None:
        _pending.append(number)
        return
    ignore()
    raise Interrupted(f"interrupted by {signal.Signals(number).name}")


def ignore() -> None:
    """Ignore these signals from now on."""
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
    """Within, signals are deferred: for steps that make something and record it. (Child processes would inherit a signal mask.)"""
    global _pending
    waiting: list[int] = []
    _pending = waiting
    try:
        yield
    finally:
        _pending = None
    if waiting:
        interrupt(waiting[0], None)
