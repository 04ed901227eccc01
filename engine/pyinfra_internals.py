"""The hold on pyinfra's inside: the four names of it that are replaced, and no more.

tests/unit/engine/test_pyinfra_internals.py lists them, with all that is read without being documented, and fails if they no longer serve.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import pyinfra_cli.cli
import pyinfra_cli.inventory
from pyinfra.api import Inventory

from engine import connect, connector, inventory, inventory_file, order
from engine.fact_cache.dispatch import Dispatcher


def replace_all(dispatcher: Dispatcher | None) -> None:
    """Replace the four names for this process; without a dispatcher, facts are not cached."""
    replace_make_inventory(inventory.make_checked, dispatcher)
    replace_exec_file()
    replace_connect_all()
    replace_operation_order()


def replace_make_inventory(make: Callable[..., Inventory], dispatcher: Dispatcher | None) -> None:
    """Make the inventory by `make`, with our connector for each host.

    pyinfra connects before it runs a deploy file: an inventory or a call that is wrong must be refused here.
    """

    def make_inventory(source: Any, **options: Any) -> Inventory:
        made = make(source, **options)
        connector.equip(made, dispatcher)
        return made

    pyinfra_cli.cli.make_inventory = make_inventory


def replace_exec_file() -> None:
    """Read inventory and group data files by `inventory_file.read`: pyinfra leaves out what it can't use, and ends with an `exit()`."""
    pyinfra_cli.inventory.exec_file = inventory_file.read


def replace_connect_all() -> None:
    """Connect to the hosts that the deploy file needs, and go on without optional ones."""
    pyinfra_cli.cli.connect_all = connect.connect_needed


def replace_operation_order() -> None:
    """Find an operation's place without reading source files: with many hosts, most of the planning's time went there."""
    # As an attribute of pyinfra.api, the name is the decorator.
    sys.modules["pyinfra.api.operation"].get_operation_order_from_stack = order.place  # type: ignore[attr-defined]
