"""Which assertions tests/hosts makes of an inventory, without a host."""

from __future__ import annotations

import ast
import re
import subprocess
import sys

import pytest

from lab.load_inventory import load
from tests.lab.expected import ASSERTED
from tests.places import INVENTORIES, PROJECT

HOSTS = PROJECT / "tests" / "hosts"
# What a wrong fact or operation could not bend: the declared model, and the standard library.
MAY_IMPORT = {
    "cluster.model",
    "cluster.inventory.declare",
    "cluster.problems",
    "lab.load_inventory",
    "tests.places",
    "tests.hosts.roles",
}


def collected(*arguments: str) -> list[str]:
    words = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider", *arguments]
    done = subprocess.run(words, cwd=PROJECT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return [line for line in done.stdout.splitlines() if "::" in line]


@pytest.mark.parametrize("name", ["two-sites", "three-control-planes"])
def test_each_host_is_asked_what_its_roles_need(name: str) -> None:
    inventory = INVENTORIES / name / "inventory.py"
    found = set(
        re.findall(
            r"test_(\w+)\.py::\w+\[([a-z0-9-]+)", "\n".join(collected("tests/hosts", "--inventory", str(inventory)))
        )
    )
    wanted = set()
    for host in load(inventory).hosts:
        has = {
            "every_host": True,
            "gateway": host.is_gateway,
            "coordinator": host.is_coordinator,
            "control_plane": host.is_control_plane,
            "node": host.is_node,
        }
        wanted |= {(module, host.name) for module, is_so in has.items() if is_so}
    assert wanted == {(module, host) for module, row in found for _, host in wanted if row.startswith(host)}


def test_after_a_reset_other_things_are_asserted() -> None:
    found = collected("tests/hosts", "--reset")
    assert {line.partition("::")[0] for line in found} == {"tests/hosts/test_after_reset.py"}


def test_real_hosts_are_asked_only_if_the_folder_is_named() -> None:
    others = [f"--ignore=tests/{folder}" for folder in ("lab", "unit", "errors")]
    found = collected("tests", *others)
    assert found
    assert [line for line in found if line.startswith("tests/hosts")] == []


def test_they_import_nothing_that_they_judge() -> None:
    wrong = []
    for source in sorted(HOSTS.glob("*.py")):
        for node in ast.walk(ast.parse(source.read_text())):
            if isinstance(node, ast.ImportFrom) and node.module:
                room = node.module.partition(".")[0]
                if (PROJECT / room).is_dir() and node.module not in MAY_IMPORT:
                    wrong.append(f"{source.name} imports from {node.module}")
    assert wrong == []


def test_every_role_has_a_fault_that_its_assertions_notice() -> None:
    roles = {source.stem.removeprefix("test_") for source in HOSTS.glob("test_*.py")} - {"after_reset"}
    assert {role for role, _ in ASSERTED.values()} == roles
    for role, assertions in ASSERTED.values():
        text = (HOSTS / f"test_{role}.py").read_text()
        assert [name for name in assertions if f"def test_{name}(" not in text] == []
