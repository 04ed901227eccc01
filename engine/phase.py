"""A phase: a part of a deploy that begins when every host has ended the part before."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar, cast

from pyinfra.api import deploy

from cluster.model import Cluster, Host
from engine.barrier import every_host_is_ready
from engine.inventory import current_cluster, current_host

Given = ParamSpec("Given")
Result = TypeVar("Result")
# The phase that writes to the operator's machine only: verify's preview of the deploy leaves it out.
OPERATORS_OWN = "Kubeconfig"


def phase(title: str) -> Callable[[Callable[Concatenate[Cluster, Host, Given], Result]], Callable[Given, Result]]:
    """Make a deploy that starts only when every host has finished the phase before it.

    The body gets the model of the cluster and of the current host; a caller gives the other arguments only.

    pyinfra orders operations by their depth in a graph of all hosts, not by their place in deploy.py: with hosts that take
    part in unlike numbers of operations, a worker would join before the control plane answers. One operation that every
    host takes part in holds them together.
    """

    def decorate(body: Callable[Concatenate[Cluster, Host, Given], Result]) -> Callable[Given, Result]:
        @deploy(title)
        @wraps(body)
        def run(*args: Given.args, **kwargs: Given.kwargs) -> Result:
            every_host_is_ready(name="every host is ready")
            return body(current_cluster(), current_host(), *args, **kwargs)

        return cast("Callable[Given, Result]", run)

    return decorate
