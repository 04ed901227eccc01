"""pyinfra's connection to each host: what of it the operator's machine has not, and what pyinfra's own defaults would change."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pyinfra.api import Inventory
from pyinfra.api.arguments import all_global_arguments
from pyinfra.api.util import raise_if_bad_type

from cluster.inventory.errors import shortened, show
from cluster.model import Cluster
from cluster.problems import Problem
from local import ssh_files

_SECRETS = ("_sudo_password", "_su_password")


def problems(data: Mapping[str, Mapping[str, Any]]) -> Iterator[Problem]:
    """SSH files that do not exist, and pyinfra's own arguments of a wrong type. `data`: host name → its data as written."""
    kinds = {key: kind for key, kind in all_global_arguments() if key.startswith("_")}
    for name, values in data.items():
        yield from ssh_files.problems(name, values)
        yield from _arguments(name, values, kinds)


def complete(inventory: Inventory, cluster: Cluster) -> None:
    """Set what pyinfra would take from elsewhere: the login user (the operator's local name), and a path that begins with ~."""
    for member in inventory:
        if not member.data.get("ssh_user"):
            member.data.ssh_user = cluster.host(member.name).ssh_user
        path = cluster.host(member.name).ssh_config_file
        if path is not None:
            member.data.ssh_config_file = str(Path(path).expanduser())


def _arguments(name: str, values: Mapping[str, Any], kinds: Mapping[str, Any]) -> Iterator[Problem]:
    for key, kind in kinds.items():
        if values.get(key) is None:
            continue
        try:
            raise_if_bad_type(values[key], kind, TypeError, key)
        except Exception:  # a value may do anything when it is looked at
            shown = f"a value of type {type(values[key]).__name__}" if key in _SECRETS else show(values[key])
            wanted = getattr(kind, "__name__", str(kind).replace("collections.abc.", ""))
            yield Problem(
                f"{name}.{key}",
                f"{shown} is not of the type {shortened(wanted)}",
                "pyinfra takes it for every command on the host",
                f"write {_EXAMPLES.get(wanted, 'such a value')}, or leave {key} out",
            )


_EXAMPLES = {
    "bool": "True or False",
    "str": "a text in quotes",
    "int": "a whole number",
    "Mapping": 'a mapping of texts, such as {"LANG": "C.UTF-8"}',
}
