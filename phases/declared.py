"""The declared cluster behind pyinfra's inventory: checked at the door, then the same frozen model for every host.

`python -m phases.declared INVENTORY` prints the merged data of every host as JSON, for programs that are no pyinfra run.
"""

from __future__ import annotations

import json
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pyinfra_cli.cli
from pyinfra import host
from pyinfra.api import Inventory, State
from pyinfra.api.exceptions import InventoryError
from pyinfra.context import ctx_inventory, ctx_state
from pyinfra_cli.inventory import make_inventory

from cluster.declare import declare
from cluster.model import Cluster, Host
from cluster.problems import ModelError


def check_at_the_door() -> None:
    """Make this pyinfra process refuse a wrong inventory before it connects to anything.

    pyinfra connects before it runs a deploy file, so the check stands where the inventory is loaded. Group data are those
    beside the inventory only: pyinfra alone would mix in the ones of the working directory, which belong to another cluster.
    """

    def checked(source: Any, **kwargs: Any) -> Inventory:
        loaded = load(source, **kwargs)
        if isinstance(source, str) and Path(source).exists():
            _model(loaded)
        return loaded

    pyinfra_cli.cli.make_inventory = checked


def load(source: Any, **kwargs: Any) -> Inventory:
    """pyinfra's inventory of that file, with the group data beside it."""
    if isinstance(source, str) and Path(source).exists():
        kwargs["cwd"] = str(Path(source).parent.resolve())
    return make_inventory(source, **kwargs)


def cluster() -> Cluster:
    """The model of the inventory of this run."""
    return _model(ctx_inventory.get())


def here() -> Host:
    """The model of the host whose turn it is."""
    return cluster().host(host.name)


@cache
def _model(loaded: Inventory) -> Cluster:
    try:
        return declare(host_data(loaded))
    except ModelError as error:
        raise InventoryError(str(error)) from None


def host_data(loaded: Inventory) -> dict[str, dict[str, Any]]:
    """Host name → its own and its groups' data, as pyinfra merges them."""
    return {member.name: member.data.dict() for member in loaded}


if __name__ == "__main__":
    ctx_state.set(State())
    print(json.dumps(host_data(load(sys.argv[1])), default=str))
