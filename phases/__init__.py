"""One concern each, in the order in which a person would do them."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec

from pyinfra import state
from pyinfra.api import deploy

from operations.barrier import every_host_is_ready
from phases.timing import keep_time

Given = ParamSpec("Given")


def phase(title: str) -> Callable[[Callable[Given, None]], Callable[Given, None]]:
    """A deploy that starts only when every host has finished the phase before it.

    pyinfra orders operations by their depth in a graph of all hosts, not by their place in deploy.py: with hosts that take
    part in unlike numbers of operations, a worker would join before the control plane answers. One operation that every
    host takes part in holds them together.
    """

    def decorate(body: Callable[Given, None]) -> Callable[Given, None]:
        @wraps(body)
        def run(*args: Given.args, **kwargs: Given.kwargs) -> None:
            @deploy(title)
            def together() -> None:
                every_host_is_ready(name="every host is ready")
                body(*args, **kwargs)

            keep_time(state)
            together()

        return run

    return decorate
