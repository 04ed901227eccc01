"""Wait for a condition, and show what is being waited for."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

INTERVAL = 0.1


def wait_until(condition: Callable[[], bool], seconds: float, interval: float = INTERVAL) -> bool:
    """Ask until it is true, at most that long; whether it came true."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(interval)
    return True


@contextmanager
def step(text: str) -> Iterator[None]:
    """A line of progress with its duration: `booting 6 hosts … 5.1 s`."""
    began = time.monotonic()
    print(f"{text} …", end=" ", flush=True)
    try:
        yield
    except BaseException:
        print(f"failed after {time.monotonic() - began:.1f} s", flush=True)
        raise
    print(f"{time.monotonic() - began:.1f} s", flush=True)
