"""Whatever is written for a key: a problem with four parts, or it is taken; never a traceback."""

from __future__ import annotations

from typing import Any

import pytest

from cluster.inventory.declare import declare
from cluster.inventory.describe import LEVELS
from cluster.problems import ModelError
from tests.unit.cluster.inventory.test_errors import spoiled

ENDLESS: list[Any] = []
ENDLESS.append(ENDLESS)
NONSENSE = [
    None,
    True,
    -1,
    0,
    float("nan"),
    "",
    " ",
    "ü",
    "no",
    "x" * 400,
    b"bytes",
    [],
    [[]],
    [None],
    [{}],
    {},
    {"key": {"key": []}},
    {1: 2},
    {None: None},
    (("a",),),
    {"set"},
    object(),
    lambda: None,
    ENDLESS,
]


@pytest.mark.parametrize("key", sorted(key for fields in LEVELS.values() for key in fields))
@pytest.mark.parametrize("on", ["all", "home", "den"])
def test_any_value(key: str, on: str) -> None:
    for value in NONSENSE:
        data = spoiled({})
        for name in data:
            if on == "all" or name == on or (on == "home" and name == "den"):
                data[name][key] = value
        try:
            declare(data)
        except ModelError as error:
            parts = [
                part for problem in error.problems for part in (problem.where, problem.what, problem.why, problem.fix)
            ]
            assert all(part and "\n" not in part for part in parts)


def test_any_host_name() -> None:
    for name in ("", " ", "a b", "ä", "-", "a" * 64, "@local"):
        data = spoiled({})
        data[name] = data["den"] | {"lan_address": "192.168.9.77", "ssh_port": 2277}
        with pytest.raises(ModelError, match="the name has other characters"):
            declare(data)


def test_hosts_without_any_data() -> None:
    with pytest.raises(ModelError) as raised:
        declare({"one": {}, "two": {}})
    assert "it is missing" in str(raised.value)
