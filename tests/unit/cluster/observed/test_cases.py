"""Every parser on recorded outputs. tests/cases/observed/MODULE.PARSER/NAME.yaml: `output` (lines), `arguments` if any, `value`."""

from __future__ import annotations

import ast
import dataclasses
import importlib
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.places import CASES, PROJECT

OBSERVED = CASES / "observed"
# A function that begins with one of these reads what a program printed.
TEXTS = ("str", "Sequence[str]", "Iterable[str]", "list[str]")


@pytest.mark.parametrize("case", sorted(OBSERVED.glob("*/*.yaml")), ids=lambda case: f"{case.parent.name}-{case.stem}")
def test_case(case: Path) -> None:
    module, name = case.parent.name.split(".")
    values = yaml.safe_load(case.read_text())
    output = "\n".join(values["output"]) if parsers()[case.parent.name] == "str" else values["output"]
    parser = getattr(importlib.import_module(f"cluster.observed.{module}"), name)
    assert plain(parser(output, *values.get("arguments", ()))) == values["value"]


def test_every_parser_has_a_case() -> None:
    """A parser that a fact calls has the fact's cases: tests/unit/facts asserts that each fact has one."""
    facts = "\n".join(source.read_text() for source in (PROJECT / "facts").glob("*.py"))
    called_by_facts = {name for name in parsers() if re.search(rf"\b{re.escape(name)}\(", facts)}
    own = {folder.name for folder in OBSERVED.iterdir()}
    assert set(parsers()) - called_by_facts - own == set()
    assert own - set(parsers()) == set()


def parsers() -> dict[str, str]:
    """`MODULE.PARSER` → what it takes."""
    return {
        f"{source.stem}.{function.name}": ast.unparse(first)
        for source in (PROJECT / "cluster" / "observed").glob("*.py")
        for function in public_functions(source)
        if function.args.args and (first := function.args.args[0].annotation) and ast.unparse(first) in TEXTS
    }


def public_functions(source: Path) -> Iterator[ast.FunctionDef]:
    for node in ast.parse(source.read_text()).body:
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
            yield node


def plain(value: Any) -> Any:
    """As YAML has it."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        value = dataclasses.asdict(value)
    if isinstance(value, Mapping):
        return {key: plain(held) for key, held in value.items()}
    return [plain(held) for held in value] if isinstance(value, list | tuple) else value
