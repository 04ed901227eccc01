"""What hosts printed, made fit for checks, terminals and pages: of the right types, and without control characters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from functools import cache
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from cluster.problems import printable

Measured = TypeVar("Measured")


def cleaned(found: Measured) -> Measured:
    """The same dataclass without the values of wrong types: each such field has its default, as if it had not been measured.

    Line ends stay only in commands, which are ours; elsewhere they could pass for lines of the report.
    """
    kind: Any = type(found)
    adapter = _adapter(kind)
    values: dict[str, Any] = _shown(asdict(found))  # type: ignore[call-overload]
    try:
        checked: Measured = adapter.validate_python(values)
    except ValidationError as error:
        wrong = {one["loc"][0] for one in error.errors(include_url=False, include_context=False)}
        checked = adapter.validate_python({name: value for name, value in values.items() if name not in wrong})
    return checked


@cache
def _adapter(kind: type[Any]) -> TypeAdapter[Any]:
    # Built once for each type: it takes milliseconds, and every host is cleaned several times.
    return TypeAdapter(kind)


def _shown(value: Any, name: str = "") -> Any:
    if isinstance(value, str):
        text = printable(value)
        return text if name == "command" else text.replace("\n", " ")
    if isinstance(value, Mapping):
        return {_shown(key): _shown(one, str(key)) for key, one in value.items()}
    return [_shown(one) for one in value] if isinstance(value, list | tuple) else value
