"""What is done once for all hosts of a run: pyinfra runs a deploy file for all hosts at the same time."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Generic, NoReturn, TypeVar

from gevent.lock import RLock  # type: ignore[import-untyped]

from engine.inventory import active_hosts, current_host

Value = TypeVar("Value")


def once(function: Callable[[], Value]) -> Callable[[], Value]:
    """Call the function for the first host that needs it; all others wait for it, and get its value or its exception."""
    lock = RLock()
    outcome: list[Callable[[], Value]] = []

    @wraps(function)
    def shared() -> Value:
        with lock:
            if not outcome:
                try:
                    value = function()
                except BaseException as error:
                    outcome.append(_raising(error))
                else:
                    outcome.append(lambda: value)
        return outcome[0]()

    return shared


class PerHost(Generic[Value]):
    """A value of each host of the run, such as what was found there."""

    def __init__(self) -> None:
        self.values: dict[str, Value] = {}

    def put(self, value: Value) -> dict[str, Value] | None:
        """Keep the current host's value. For the last host of the run: host name → value of all; None for the others."""
        self.values[current_host().name] = value
        return self.values if active_hosts() <= set(self.values) else None


def _raising(error: BaseException) -> Callable[[], NoReturn]:
    def again() -> NoReturn:
        raise error

    return again
