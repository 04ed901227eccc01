"""Advice works: what a fix says to write in the inventory is accepted by the next check, over all messages of tests/cases/errors."""

from __future__ import annotations

import ast
import copy
import re
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from cluster.inventory.declare import declare
from cluster.inventory.describe import KEYS, LEVELS
from cluster.problems import ModelError, Problem
from tests.unit.cluster.inventory.test_errors import CASES, HERE, spoiled

LITERAL = (
    r'("[^"]*"|\([^()]*(?:\([^()]*\)[^()]*)*\)|\{[^{}]*(?:\{[^{}]*\}[^{}]*)*\}|True|False|None|\d+(?:\.\d+)?(?![\w.]))'
)
Data = dict[str, dict[str, Any]]
# What is right there depends on the operator's network: an example can only have the right form.
OF_THE_OPERATOR = {"lan_address", "public_address", "ssh_hostname", "lan"}


def problems(data: Data) -> list[Problem]:
    try:
        declare(data)
    except ModelError as error:
        return list(error.problems)
    return []


def advice(problem: Problem) -> Iterator[tuple[str, Any]]:
    """Key and value of all that the fix says to write; an empty key is that of the place."""
    assignments = re.findall(rf"\b([a-z][a-z0-9_]+|_sudo) = {LITERAL}", problem.fix)
    rest = re.sub(rf"\b([a-z][a-z0-9_]+|_sudo) = {LITERAL}", "", problem.fix)
    for key, text in [*assignments, *(("", text) for text in re.findall(rf"(?:such as|write) {LITERAL}", rest))]:
        yield key, ast.literal_eval(text.replace("https://…", "https://mirror.example.org"))


def written(data: Data, where: str, key: str, value: Any) -> Data:
    """The data with the value at the place: in group_data/all.py, in a site's group data, or at a host."""
    changed = copy.deepcopy(data)
    owner, path = re.fullmatch(r"(group_data/all.py|site [\w-]+|[\w-]+)[ .](.+)", where).groups()  # type: ignore[union-attr]
    path = _described(path)
    if key and f"{path.rpartition('.')[0]}.{key}" != path:
        path = key
    hosts = [
        name
        for name, values in changed.items()
        if owner in ("group_data/all.py", name) or owner == f"site {values.get('site')}"
    ]
    if path in LEVELS["site"]:
        sites = {changed[name].get("site") for name in hosts}
        hosts = [name for name, values in changed.items() if values.get("site") in sites]
    for name in hosts:
        top, _, part = path.partition(".")
        if not part:
            changed[name][top] = value
        elif isinstance(changed[name].get(top), dict):
            changed[name][top] = {**changed[name][top], part: value}
        else:
            changed[name][top] = [{**entry, part: value} for entry in changed[name].get(top, ())] or {part: value}
    return changed


def _described(path: str) -> str:
    """The longest beginning that has a description: that is what the example is an example of."""
    parts = re.sub(r"\[\d+\]", "", path).split(".")
    return next(at for end in range(len(parts), 0, -1) if (at := ".".join(parts[:end])) in KEYS or end == 1)


ADVICE = [
    (case, problem, key, value)
    for case in CASES
    for problem in problems(spoiled(yaml.safe_load((HERE / f"{case}.yaml").read_text())))
    for key, value in advice(problem)
    if re.match(r"(group_data/all.py|site [\w-]+|[\w-]+)[ .]", problem.where)
    # A role is given to some host, and a host's name is no key.
    if not problem.where.startswith("inventory.py") and not problem.what.startswith("the name ")
]


def test_there_is_advice() -> None:
    assert len(ADVICE) > 60


@pytest.mark.parametrize(
    ("case", "problem", "key", "value"), ADVICE, ids=[f"{case}-{key}" for case, _, key, _ in ADVICE]
)
def test_it_works(case: str, problem: Problem, key: str, value: Any) -> None:
    data = spoiled(yaml.safe_load((HERE / f"{case}.yaml").read_text()))
    for where in problem.where.split(", "):
        after = problems(written(data, where, key, value))
        assert (where, problem.what) not in {(other.where, other.what) for other in after}
        place = re.sub(r"\[.*", "", where)
        if (key or place.rpartition(".")[2]) not in OF_THE_OPERATOR:
            assert [other.what for other in after if other.where.startswith(place)] == []
