"""A phase: a part of a deploy that begins when every host has ended the part before."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar, cast

from pyinfra.api import deploy

from engine.barrier import every_host_is_ready

Given = ParamSpec("Given")
Result = TypeVar("Result")
# The phase that writes to the operator's machine only: verify's preview of the deploy leaves it out.
OPERATORS_OWN = "Kubeconfig"


def phase(title: str) -> Callable[[Callable[Given, Result]], Callable[Given, Result]]:
    """A deploy that starts only when every host has finished the phase before it.

    pyinfra orders operations by their depth in a graph of all hosts, not by their place in deploy.py: with hosts that take
    part in unlike numbers of operations, a worker would join before the control plane answers. One operation that every
    host takes part in holds them together.
    """

    def decorate(body: Callable[Given, Result]) -> Callable[Given, Result]:
        @deploy(title)
        @wraps(body)
        def run(*args: Given.args, **kwargs: Given.kwargs) -> Result:
            every_host_is_ready(name="every host is ready")
            return body(*args, **kwargs)

        return cast("Callable[Given, Result]", run)

    return decorate
