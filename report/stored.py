"""A measurement from its JSON: what `Measurement.to_json` wrote."""

from __future__ import annotations

import types
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any, Union, get_args, get_origin, get_type_hints

from report.measurement import Measurement


def measurement(values: Mapping[str, Any]) -> Measurement:
    """The measurement; keys that it does not know are left alone, as findings stand beside it in the file."""
    found: Measurement = _read(Measurement, values)
    return found


def _read(kind: Any, value: Any) -> Any:
    if value is None:
        return None
    origin, inner = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        return _read(next(one for one in inner if one is not type(None)), value)
    if origin is tuple:
        return tuple(_read(inner[0], one) for one in value)
    if origin is not None and issubclass(origin, Mapping):
        return {key: _read(inner[1], one) for key, one in value.items()}
    if is_dataclass(kind):
        hints = get_type_hints(kind)
        known = [field.name for field in fields(kind) if field.name in value]
        return kind(**{name: _read(hints[name], value[name]) for name in known})  # type: ignore[operator]
    return value
