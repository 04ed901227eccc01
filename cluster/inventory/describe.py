"""All keys that an operator may write, collected from the model's fields, and which of them a path in the inventory is about."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, get_args

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from cluster.model import ClusterSettings, ConnectionSettings, HostSettings, Key, SiteSettings

LEVELS: dict[str, dict[str, FieldInfo]] = {
    "host": HostSettings.model_fields,
    "site": SiteSettings.model_fields,
    "cluster": ClusterSettings.model_fields,
    "connection": ConnectionSettings.model_fields,
}


def _with_parts(fields: Mapping[str, FieldInfo], above: str = "") -> Iterator[tuple[str, FieldInfo]]:
    """Path and field of each key and of each part of it, such as `taints` and `taints.key`."""
    for name, field in fields.items():
        path = f"{above}{name}"
        yield path, field
        for part in _models(field.annotation):
            yield from _with_parts(part.model_fields, f"{path}.")


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    """The models in an annotation, such as Taint in `tuple[Taint, ...] | None`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from _models(part)


def _descriptions(path: str, field: FieldInfo) -> Iterator[tuple[str, Key]]:
    """The field's own description, and that of an entry of a mapping as `labels.*`; TypeError if the model has none."""
    key = next((item for item in field.metadata if isinstance(item, Key)), None)
    if key is None:
        raise TypeError(f"{path} is a key of the inventory and has no Key(…) in its annotation")
    yield path, key
    if key.entry:
        yield f"{path}.*", key.entry


FIELDS: dict[str, FieldInfo] = {path: field for level in LEVELS.values() for path, field in _with_parts(level)}
KEYS: dict[str, Key] = {at: key for path, field in FIELDS.items() for at, key in _descriptions(path, field)}
# Of pyinfra's other connectors; everything that begins with an underscore is pyinfra's, or a helper of the operator's.
_OTHERS = {
    "docker_identifier",
    "docker_platform",
    "docker_architecture",
    "fake_delay",
    "fake_delay_jitter",
    "fake_responses",
}
KNOWN = frozenset(key for fields in LEVELS.values() for key in fields) | _OTHERS


def key_of(path: str) -> Key:
    """What is known of `mirrors.registries.ghcr.io` or `taints[0].effect`: the entry of its longest beginning."""
    parts = re.sub(r"\[\d+\]", "", path).split(".")
    for length in range(len(parts), 0, -1):
        beginning = ".".join(parts[:length])
        if length < len(parts) and f"{beginning}.*" in KEYS:
            return KEYS[f"{beginning}.*"]
        if beginning in KEYS:
            return KEYS[beginning]
    return Key("something else", "it is checked before any host is contacted", "None")
