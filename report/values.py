"""Values as they may be shown: a host's answer has no control characters on a terminal or a page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any, TypeVar

from cluster.problems import printable

Value = TypeVar("Value")


def printable_values(value: Value) -> Value:
    """The same value, with each text in it made printable, at any depth of dataclasses, lists, tuples and mappings."""
    shown: Any = _printable(value)
    return shown  # type: ignore[no-any-return]


def _printable(value: Any) -> Any:
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, Mapping):
        return {_printable(key): _printable(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(map(_printable, value))
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **{at.name: _printable(getattr(value, at.name)) for at in fields(value) if at.init})
    return value
