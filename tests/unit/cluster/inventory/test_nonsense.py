"""Whatever is written for a key: a problem with four parts, or it is taken; never a traceback."""

from __future__ import annotations

import itertools
from ipaddress import IPv4Interface
from pathlib import Path
from typing import Any

import pytest

from cluster.inventory.declare import declare
from cluster.inventory.describe import LEVELS
from cluster.problems import ModelError
from tests.unit.cluster.inventory.test_errors import spoiled

BASE = spoiled({})


class Angry:
    """Every look at it fails."""

    def __repr__(self) -> str:
        raise RuntimeError("no")

    __str__ = __eq__ = __hash__ = __bool__ = __len__ = __iter__ = __repr__  # type: ignore[assignment]


class AngryText(str):
    def __repr__(self) -> str:
        raise RuntimeError("no")

    __str__ = __repr__


ENDLESS: list[Any] = []
ENDLESS.append(ENDLESS)
DEEP: list[Any] = []
for _ in range(100_000):
    DEEP = [DEEP]
WIDE: list[Any] = ["x"]
for _ in range(5):
    WIDE = [WIDE] * 100
NONSENSE: list[Any] = [
    None, True, -1, 0, 22.0, float("nan"), 10**5000, "", " ", "ü", "no", "x" * 400, "a\x1b[2Jb\x00\u202e", "22", "1.36.٣",
    "\ud800", b"bytes", [], [[]], [None], [{}], {}, {"key": {"key": []}}, {1: 2}, {None: None}, {"a\x1b": "\x9b"}, (("a",),), {"set"},
    object(), lambda: None, ENDLESS, itertools.repeat("worker"), range(10**9), (one for one in "abc"),
    Angry(), [Angry()], AngryText("worker"), 1j, Path("x"), IPv4Interface("10.1.0.3/24"),
]  # fmt: skip
HUGE = [DEEP, WIDE, ("worker",) * 100_000, ["x"] * 1000, "x" * 300_000, {str(number): "x" for number in range(10_000)}]
KEYS = {key: level for level, fields in LEVELS.items() for key in fields}
SCREEN = 24 * 80


@pytest.mark.parametrize("key", [*KEYS, "colour"])
def test_any_value(key: str) -> None:
    for value in NONSENSE:
        is_told_well(with_value(key, value, "all" if KEYS.get(key) in ("site", "cluster") else "den"))


@pytest.mark.parametrize("key", ["site", "nat", "lan", "mirrors", "dns_domain", "certificate", "api_sans", "pod_cidr"])
def test_any_value_of_a_shared_key_on_one_host(key: str) -> None:
    for value in NONSENSE:
        is_told_well(with_value(key, value, "den"))


@pytest.mark.parametrize(
    "key", ["site", "lan", "mirrors", "certificate", "api_sans", "roles", "labels", "taints", "ssh_user"]
)
def test_a_huge_value(key: str) -> None:
    for value in HUGE:
        is_told_well(with_value(key, value, "den"))


def with_value(key: str, value: Any, on: str) -> dict[str, dict[Any, Any]]:
    """The base with that value on the host `on`, or on all of them."""
    data = copy_of_base()
    for name in data:
        if on in ("all", name):
            data[name][key] = value
    return data


def test_any_key() -> None:
    for key in (5, None, b"roles", "", "\x1b[2J", "x" * 100_000, ("a", "b"), Angry):
        is_told_well({**copy_of_base(), "den": {**copy_of_base()["den"], key: 1}})


def copy_of_base() -> dict[str, dict[Any, Any]]:
    return {name: dict(values) for name, values in BASE.items()}


def is_told_well(data: dict[Any, dict[Any, Any]]) -> None:
    """Taken, or refused with four parts in one line each, without control characters, and on one screen."""
    try:
        declare(data)
    except ModelError as error:
        for problem in error.problems:
            shown = str(problem)
            assert len(shown.splitlines()) == 4
            assert len(shown) <= SCREEN
            assert shown.replace("\n", "").isprintable()


def test_any_host_name() -> None:
    for name in ("", " ", "a b", "ä", "-", "a" * 64, "@local", "a\x1b", "x" * 100_000, b"limb", 5, None):
        data: dict[Any, Any] = copy_of_base()
        data[name] = data["den"] | {"lan_address": "192.168.9.77", "ssh_port": 2277}
        with pytest.raises(ModelError, match="the name has other characters"):
            declare(data)
        is_told_well(data)


def test_hosts_without_any_data() -> None:
    with pytest.raises(ModelError) as raised:
        declare({"one": {}, "two": {}})
    assert "it is missing" in str(raised.value)
