"""Every folder of tests/cases/facts holds real outputs of one fact; pyinfra-testing makes a test of each file."""

from __future__ import annotations

import ast
import importlib
import inspect
import pkgutil
from ipaddress import IPv4Interface
from typing import Any

from pyinfra.api import FactBase
from pyinfra_testing import facts as harness

import facts
from facts.base import Fact
from tests.places import CASES, PROJECT

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


def test_a_fact_is_a_command_and_one_line_that_hands_its_output_on() -> None:
    """Types and parsers are in cluster/observed: reports and decisions use them without pyinfra."""
    for source in (PROJECT / "facts").glob("*.py"):
        for node in ast.parse(source.read_text()).body:
            if isinstance(node, ast.ClassDef) and source.name not in ("base.py", "sections.py"):
                assert ast.unparse(node.bases[0]).startswith("Fact["), f"{source.name}: {node.name}"
                process = next(
                    part for part in node.body if isinstance(part, ast.FunctionDef) and part.name == "process"
                )
                assert len(process.body) <= 2, f"{source.name}: {node.name}"
