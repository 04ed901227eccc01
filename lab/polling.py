"""Wait for a condition, and print the progress of steps."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

INTERVAL = 0.1


def wait_until(condition: Callable[[], bool], seconds: float, interval: float = INTERVAL) -> bool:
    """Poll a condition every `interval` seconds, for at most `seconds`; False if it did not become true."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(interval)
    return True


@contextmanager
def step(text: str) -> Iterator[None]:
    """Print a line of progress with its duration: `booting 6 hosts … 5.1 s`."""
    began = time.monotonic()
    print(f"{text} …", end=" ", flush=True)
    try:
        yield
    except BaseException:
        print(f"failed after {time.monotonic() - began:.1f} s", flush=True)
        raise
    print(f"{time.monotonic() - began:.1f} s", flush=True)
