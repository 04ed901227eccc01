"""One operation against given facts, without a host: which commands it would run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pyinfra.api import Config, Inventory, State, StringCommand
from pyinfra.context import ctx_host, ctx_inventory, ctx_state

from cluster.observed.nodes import Node

# SHA-256 of the CA of our cluster and of another one.
MINE, OTHERS = "a" * 64, "b" * 64
# Ready, schedulable, without labels and taints.
NODE = Node("n", True, "", "1.36.3", ("100.64.10.1",), "10.244.0.0/24", "arm64", "", {}, (), True)


class UnexpectedQuestion(LookupError):
    """The operation asked a fact that the test did not foresee."""


def commands(operation: Any, facts: dict[type, Any], *, executing: bool = True, **arguments: Any) -> list[str]:
    """What `operation` yields, as masked text; a fact's value may be a function of the fact's arguments."""
    inventory = Inventory((["@fake/one"], {"fake_delay": 0, "fake_delay_jitter": 0}))
    state = State(inventory, Config())
    state.is_executing = executing
    host = inventory.get_host("@fake/one")

    def get_fact(fact: type, **kwargs: Any) -> Any:
        if fact not in facts:
            raise UnexpectedQuestion(f"{fact.__name__} was asked; the test gives {[given.__name__ for given in facts]}")
        value = facts[fact]
        return value(**kwargs) if isinstance(value, Callable) and not isinstance(value, type) else value  # type: ignore[arg-type]

    host.get_fact = get_fact  # type: ignore[method-assign]
    with ctx_state.use(state), ctx_inventory.use(inventory), ctx_host.use(host):
        return [
            str(command) if isinstance(command, StringCommand) else repr(command)
            for command in operation._inner(**arguments)
        ]
