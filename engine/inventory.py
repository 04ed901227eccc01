"""The declared cluster behind pyinfra's inventory: checked before any host is contacted, then one frozen model for the run.

`python -m engine.inventory INVENTORY` prints the merged data of every host as JSON, for programs that are no pyinfra run.
"""

from __future__ import annotations

import json
import os
import sys
from functools import cache
from pathlib import Path
from typing import Any, cast

from pyinfra import host, logger, state
from pyinfra.api import Inventory, State
from pyinfra.api.exceptions import InventoryError
from pyinfra.context import ctx_inventory, ctx_state
from pyinfra_cli.inventory import make_inventory

from cluster.inventory.declare import declare
from cluster.model import Cluster, Host
from cluster.problems import ModelError, Problem, format_problems
from engine import command_line, inventory_file, selection

_folders: dict[Inventory, Path] = {}


def refuse_malformed_data() -> None:
    """Stop if `--data` has an argument without a value; pyinfra splits them before it makes the inventory."""
    malformed = command_line.malformed()
    if malformed:
        raise InventoryError(format_problems(malformed, "the call; no host was contacted"))


def make_checked(source: Any, **kwargs: Any) -> Inventory:
    """pyinfra's inventory; raises InventoryError if the inventory or the call is wrong, before any host is contacted.

    Group data are those beside the inventory only: pyinfra alone would mix in the ones of the working directory, which belong
    to another cluster.
    """
    if not inventory_file.is_one(source) and not command_line.deploy_files():
        return cast(Inventory, make_inventory(source, **kwargs))
    loaded = load(source, **kwargs)
    for warning in _model(loaded).warnings:
        logger.warning(warning)
    wrong = command_line.problems(_model(loaded)) + selection.problems(loaded, *_selected())
    if wrong:
        raise InventoryError(format_problems(wrong, "the call; no host was contacted"))
    _log_in_as_declared(loaded)
    return loaded


def load(source: Any, **kwargs: Any) -> Inventory:
    """pyinfra's inventory of that file, with the group data beside it; raises InventoryError if a file can't be read."""
    folder = Path(source).parent.resolve()
    found = inventory_file.problems(source)
    if found:
        raise _refusal(found)
    try:
        loaded: Inventory = make_inventory(source, **{**kwargs, "cwd": str(folder)})
    except InventoryError:
        raise
    except (Exception, SystemExit) as error:
        raise _refusal([inventory_file.explained(error, source)]) from None
    _folders[loaded] = folder
    return loaded


def _selected() -> tuple[tuple[str, ...] | None, tuple[str, ...]]:
    limit = command_line.option("limit")
    return tuple(limit) if limit else None, tuple(command_line.option("exclude") or ())


def current_cluster() -> Cluster:
    """The model of the inventory of this run."""
    return _model(ctx_inventory.get())


def current_host() -> Host:
    """The model of the current host."""
    return current_cluster().host(host.name)


def is_api_host() -> bool:
    """Whether the API is asked on the current host in this run: the first control plane that was reached."""
    return current_host().name == api_host()


def api_host() -> str:
    """The name of the host on which the API is asked; empty if no control plane was reached."""
    return next((member.name for member in current_cluster().control_planes if member.name in active_hosts()), "")


def active_hosts() -> set[str]:
    """Names of the hosts that take part in this run."""
    return {member.name for member in state.inventory.get_active_hosts()}


def host_data(loaded: Inventory) -> dict[str, dict[str, Any]]:
    """Host name → its own and its groups' data, as pyinfra merges them, with absolute paths of certificates."""
    folder = _folders.get(loaded, Path.cwd())
    return {member.name: _with_whole_paths(_of_the_cluster(member.data.dict()), folder) for member in loaded}


@cache
def _model(loaded: Inventory) -> Cluster:
    try:
        model = declare(host_data(loaded))
    except ModelError as error:
        raise InventoryError(str(error)) from None
    absent = inventory_file.absent_certificates(model)
    # A rehearsal brings a certificate of its own.
    if absent and not os.environ.get("ISTHMUS_TRUST"):
        raise _refusal(absent)
    return model


def _of_the_cluster(data: dict[str, Any]) -> dict[str, Any]:
    """Without the arguments of the deploy file."""
    return {key: value for key, value in data.items() if key not in command_line.arguments()}


def _with_whole_paths(data: dict[str, Any], folder: Path) -> dict[str, Any]:
    files = data.get("certificate")
    if not isinstance(files, dict):
        return data
    paths = {key: str(folder / path) if isinstance(path, str) and path else path for key, path in files.items()}
    return {**data, "certificate": paths}


def _log_in_as_declared(loaded: Inventory) -> None:
    """Set each host's declared login user: pyinfra's own default is the operator's local name."""
    for member in loaded:
        if not member.data.get("ssh_user"):
            member.data.ssh_user = _model(loaded).host(member.name).ssh_user


def _refusal(found: list[Problem]) -> InventoryError:
    return InventoryError(format_problems(found, "the inventory"))


def _print(path: str) -> int:
    ctx_state.set(State())
    try:
        data = host_data(load(path))
    except InventoryError as error:
        print(error, file=sys.stderr)
        return 1
    print(json.dumps(data, default=str))
    return 0


if __name__ == "__main__":
    sys.exit(_print(sys.argv[1]))
