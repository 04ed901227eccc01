"""The declared cluster behind pyinfra's inventory: checked before any host is contacted, then one frozen model for the run.

`python -m engine.inventory INVENTORY` prints the merged data of every host as JSON, for programs that are no pyinfra run.
"""

from __future__ import annotations

import json
import sys
from functools import cache
from pathlib import Path
from typing import Any, cast

from pyinfra import host, logger, state
from pyinfra.api import Inventory, State
from pyinfra.api.exceptions import PyinfraError
from pyinfra.context import ctx_inventory, ctx_state
from pyinfra_cli.inventory import make_inventory

from cluster.inventory.declare import declare
from cluster.inventory.errors import show
from cluster.model import Certificate, Cluster, Host
from cluster.problems import ModelError
from engine import command_line, connections, inventory_file, selection
from engine.refusal import Refusal
from local import certificate_files, pins

_sources: dict[Inventory, str] = {}
_CALL = "the call; no host was contacted"


def refuse_malformed_data() -> None:
    """Stop if `--data` has an argument without a value; pyinfra splits them before it makes the inventory."""
    malformed = command_line.malformed()
    if malformed:
        raise Refusal(malformed, _CALL)


def make_checked(source: Any, **kwargs: Any) -> Inventory:
    """pyinfra's inventory; raises Refusal if the inventory or the call is wrong, before any host is contacted.

    Group data are those beside the inventory only: pyinfra alone would mix in the ones of the working directory, which belong
    to another cluster.
    """
    if not inventory_file.is_one(source) and not command_line.deploy_files():
        return cast(Inventory, make_inventory(source, **kwargs))
    if pins.problems():
        raise Refusal(pins.problems(), "this run's environment; no host was contacted")
    loaded = load(source, **kwargs)
    if pins.replaced():
        logger.warning(pins.replaced())
    for warning in _model(loaded).warnings:
        logger.warning(warning)
    wrong = command_line.problems(_model(loaded)) + selection.problems(loaded, *_selected())
    if wrong:
        raise Refusal(wrong, _CALL)
    connections.complete(loaded, _model(loaded))
    return loaded


def load(source: Any, **kwargs: Any) -> Inventory:
    """pyinfra's inventory of that file, with the group data beside it; raises Refusal if a file can't be read."""
    found = inventory_file.problems(source)
    if found:
        raise inventory_file.refusal(found, str(source))
    try:
        loaded: Inventory = make_inventory(source, **{**kwargs, "cwd": str(Path(source).parent.resolve())})
    except PyinfraError:
        raise
    except Exception as error:
        raise inventory_file.refusal([inventory_file.explained(error, source)], str(source)) from None
    _sources[loaded] = str(source)
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
    folder = Path(_sources[loaded]).parent.resolve() if loaded in _sources else Path.cwd()
    return {member.name: _with_whole_paths(_of_the_cluster(member.data.dict()), folder) for member in loaded}


@cache
def _model(loaded: Inventory) -> Cluster:
    data = host_data(loaded)
    found = list(connections.problems(data))
    try:
        model = declare(data)
    except ModelError as error:
        raise inventory_file.refusal([*error.problems, *found], _sources.get(loaded, "")) from None
    # A rehearsal brings a certificate of its own.
    if isinstance(model.certificate, Certificate) and not pins.replaced():
        found += certificate_files.problems(model.certificate, model.coordination_name)
    if found:
        raise inventory_file.refusal(found, _sources.get(loaded, ""))
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


def _print(path: str) -> int:
    # It imports this module.
    from engine import pyinfra_internals

    ctx_state.set(State())
    pyinfra_internals.replace_exec_file()
    try:
        data = host_data(load(path))
    except Refusal as error:
        print(error, file=sys.stderr)
        return 1
    print(json.dumps(data, default=show))
    return 0


if __name__ == "__main__":
    sys.exit(_print(sys.argv[1]))
