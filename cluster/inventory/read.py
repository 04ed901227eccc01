"""Reading the keys of the inventory one by one, each at its level. A wrong key is a problem, and does not keep the others from being read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from functools import cache
from typing import Any, NamedTuple

from pydantic import BaseModel, TypeAdapter, ValidationError

from cluster.inventory import errors
from cluster.inventory.describe import KNOWN
from cluster.inventory.plain import Odd, plain
from cluster.model import Site, SiteSettings
from cluster.model.types import read_host_name
from cluster.problems import Problem

Data = Mapping[str, Mapping[str, Any]]
ABSENT = object()


class Scope(NamedTuple):
    """The scope of a key: its owner in words, the reason for one common value, and the file in which it belongs."""

    owner: str
    reason: str
    place: str


CLUSTER_WIDE = Scope("the cluster", "it is true of the whole cluster", "group_data/all.py")


def unknown(name: str, values: Mapping[str, Any]) -> list[Problem]:
    """Problems of the keys of a host that do not exist."""
    return [
        Problem(
            f"{name}.{key if isinstance(key, str) else errors.show(key)}",
            f"there is no such key{errors.did_you_mean(key, KNOWN)}",
            "a key that is not read would have no effect",
            "correct the key, or remove it; a name of your own begins with an underscore",
        )
        for key in values
        if not isinstance(key, str) or (key not in KNOWN and not key.startswith("_"))
    ]


def name_problems(name: str) -> list[Problem]:
    """A host's name is its name in the tailnet, in Kubernetes and in DNS."""
    try:
        read_host_name(name)
    except ValueError as error:
        return [
            Problem(
                errors.shortened(name) if isinstance(name, str) else errors.show(name),
                f"the name {error}",
                "it becomes the machine's host name, its name in the tailnet and in Kubernetes",
                'give the host a name of lower-case letters, digits and hyphens, such as "limb"; '
                "where it is reached stands in ssh_hostname",
            )
        ]
    return []


def read(settings: type[BaseModel], values: Mapping[str, Any], owner: str) -> tuple[dict[str, Any], list[Problem]]:
    """The settings' fields from `values`, and their problems; a wrong field is None or empty."""
    checked: dict[str, Any] = {}
    found: list[Problem] = []
    for key, field in settings.model_fields.items():
        value = values.get(key, ABSENT)
        problems: list[Problem] = []
        if value is ABSENT:
            problems = [errors.missing(owner, key)] if field.is_required() else []
        else:
            checked[key], problems = _read_one(settings, key, value, owner)
        if problems or value is ABSENT:
            checked[key] = (
                field.default if not problems or isinstance(field.default, tuple | dict | BaseModel) else None
            )
        found += problems
    return checked, found


def shared(settings: type[BaseModel], data: Data, scope: Scope) -> tuple[dict[str, Any], list[Problem]]:
    """The common values of the hosts in `data`, and problems; if hosts differ, the commonest value, and a problem that names two hosts."""
    values: dict[str, Any] = {}
    found: list[Problem] = []
    for key in settings.model_fields:
        written = {name: own.get(key, ABSENT) for name, own in data.items()}
        common = Counter(_comparable(value) for value in written.values()).most_common(1)[0][0]
        first = next(name for name, value in written.items() if _comparable(value) == common)
        other = next((name for name, value in written.items() if _comparable(value) != common), None)
        if other is not None:
            found.append(_difference(key, other, written[other], first, written[first], scope))
        if written[first] is not ABSENT:
            values[key] = written[first]
    return values, found


def sites(data: Data) -> tuple[dict[str, Site], list[Problem]]:
    """Host name → the site that it stands in; each site is read once."""
    members: dict[str, list[str]] = {}
    for name, values in data.items():
        members.setdefault(_site_key(name, values), []).append(name)
    result: dict[str, Site] = {}
    found: list[Problem] = []
    for key, names in members.items():
        scope = Scope(f"site {key}", f"it is true of the whole site {key}", f"the group data of {key}")
        values, differing = shared(SiteSettings, {name: data[name] for name in names}, scope)
        homeless = not {"site", "lan", "nat"} & set(values)
        settings, problems = read(SiteSettings, values, f"{names[0]}." if "." in key or homeless else f"site {key}.")
        found += [*differing, *([_homeless(names[0])] if homeless else problems)]
        result |= dict.fromkeys(names, Site.model_construct(**settings))
    return result, found


def _site_key(name: str, values: Mapping[str, Any]) -> str:
    try:
        return str(_field_adapter(SiteSettings, "site").validate_python(plain(values.get("site"))))
    except ValueError:
        # A host whose site can't be read stands alone; a dot keeps it apart from every real site.
        return f"{name}."


def _homeless(name: str) -> Problem:
    return Problem(
        f"{name}.site",
        "nothing says in which network it stands: site, lan and nat are missing",
        "its addresses, routes and mirrors follow from its site",
        "put the host in a group, and describe the site in group_data/GROUP.py, in a file named like the group",
    )


def _difference(key: str, other: str, its: Any, first: str, common: Any, scope: Scope) -> Problem:
    return Problem(
        f"{other}.{key}",
        f"{other} has {_show(its)}, {first} has {_show(common)}",
        scope.reason,
        f"write it once, in {scope.place}",
    )


def _show(value: Any) -> str:
    return "none" if value is ABSENT else errors.show(value)


def _comparable(value: Any) -> str:
    """Equal text for equal values; lists and tuples are the same to the reader. One that is not plain is equal to itself only."""
    if value is ABSENT:
        return "absent"
    try:
        return _text(plain(value))
    except Odd:
        return f"odd {id(value)}"


def _text(value: Any) -> str:
    if isinstance(value, list | tuple):
        return f"({','.join(map(_text, value))})"
    if isinstance(value, dict):
        return f"{{{','.join(sorted(f'{key}:{_text(item)}' for key, item in value.items()))}}}"
    return repr(value)


def _read_one(settings: type[BaseModel], key: str, value: Any, owner: str) -> tuple[Any, list[Problem]]:
    try:
        return _field_adapter(settings, key).validate_python(plain(value)), []
    except Odd as error:
        return None, [errors.wrong_value(owner, key, f"it is {error}")]
    except ValidationError as error:
        return None, list(errors.problems(error, key, owner))


@cache
def _field_adapter(settings: type[BaseModel], key: str) -> TypeAdapter[Any]:
    return TypeAdapter(settings.model_fields[key].rebuild_annotation())
