"""Every folder of tests/cases/facts holds real outputs of one fact; pyinfra-testing makes a test of each file."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from ipaddress import IPv4Interface
from typing import Any

from pyinfra.api import FactBase
from pyinfra_testing import facts as harness

import facts
from facts.base import Fact
from tests.places import CASES

FOLDERS = sorted(folder.name for folder in (CASES / "facts").iterdir())
_plain = harness._json_default


def _with_addresses(value: Any) -> Any:
    return str(value) if isinstance(value, IPv4Interface) else _plain(value)


# pyinfra-testing takes dataclasses apart by itself, and then finds addresses that json does not know.
harness._json_default = _with_addresses
for _folder in FOLDERS:
    globals()[_folder] = harness.make_fact_tests("facts", _folder, CASES / "facts" / _folder)


def test_every_fact_has_a_case() -> None:
    modules = [importlib.import_module(f"facts.{found.name}") for found in pkgutil.iter_modules(facts.__path__)]
    known = {
        f"{module.__name__.removeprefix('facts.')}.{name}"
        for module in modules
        for name, found in inspect.getmembers(module, inspect.isclass)
        if issubclass(found, FactBase) and found.__module__ == module.__name__ and found is not Fact
    }
    assert known - set(FOLDERS) == set()
    assert [name for name in FOLDERS if not list((CASES / "facts" / name).glob("*.yaml"))] == []
