"""What all facts of this project share."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any, TypeVar

from pyinfra.api import FactBase
from pyinfra.api.exceptions import FactProcessError

Value = TypeVar("Value")
Parser = TypeVar("Parser", bound=Callable[..., Any])


class FactCommand(str):
    """The text of a fact's command: the connector knows by this type that it changes nothing (`engine/connector.py`).

    `depends_on_other_hosts`: a command on another host may change the answer.
    """

    depends_on_other_hosts: bool

    def __new__(cls, text: str, depends_on_other_hosts: bool = False) -> FactCommand:
        """Mark `text`."""
        marked = super().__new__(cls, text)
        marked.depends_on_other_hosts = depends_on_other_hosts
        return marked


class Fact(FactBase[Value]):
    """A fact whose answer may be cached: its `command` gives a FactCommand.

    pyinfra's own facts carry no such mark: each of them counts as a command that may have changed the host.
    So does one that hides a part of its command (pyinfra's HiddenValue): it is never cached or written down.
    """

    depends_on_other_hosts = False

    def __init_subclass__(cls) -> None:
        """Mark what the class's own `command` returns."""
        if "command" in vars(cls):
            cls.command = _marked(vars(cls)["command"])  # type: ignore[method-assign]
        super().__init_subclass__()


def _marked(command: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(command)
    def marked(self: Fact[Any], *args: Any, **kwargs: Any) -> Any:
        text = command(self, *args, **kwargs)
        return FactCommand(text, type(self).depends_on_other_hosts) if isinstance(text, str) else text

    # pyinfra reads a fact's parameters with getcallargs, which follows no wrapper, but respects this.
    marked.__signature__ = inspect.signature(command)  # type: ignore[attr-defined]
    return marked


def parse_errors_as_fact_errors(process: Parser) -> Parser:
    """Turn any error of a fact's `process` into pyinfra's FactProcessError: one odd host does not end the run of all."""

    @functools.wraps(process)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        try:
            return process(*args, **kwargs)
        except (ValueError, KeyError, TypeError, IndexError, AttributeError, RecursionError) as error:
            raise FactProcessError(f"unexpected answer: {error!r}") from error

    return wrapper  # type: ignore[return-value]
