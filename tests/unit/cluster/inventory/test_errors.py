"""Each `NAME.yaml` spoils the inventory of base.yaml; `NAME.txt` is the whole message that the operator gets."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import yaml

from cluster.inventory.declare import declare
from cluster.problems import ModelError
from tests.places import CASES

HERE = CASES / "errors"
CASES = sorted(path.stem for path in HERE.glob("*.yaml") if path.stem != "base")
BASE = yaml.safe_load((HERE / "base.yaml").read_text())


def spoiled(changes: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Host → merged data, as pyinfra gives it: all, then the site's, then the host's own; REMOVED takes a key away."""
    written = copy.deepcopy(BASE)
    for name in changes.get("without", ()):
        del written["hosts"][name]
    for name, values in changes.items():
        if name == "all":
            written["all"] |= values
        elif name in written["sites"]:
            written["sites"][name] |= values
        elif name != "without":
            written["hosts"].setdefault(name, {}).update(values)
    merged = {}
    for name, own in written["hosts"].items():
        site = written["sites"].get(own.pop("in", None), {})
        values = {**written["all"], **site, **own}
        merged[name] = {key: value for key, value in values.items() if value != "REMOVED"}
    return merged


def test_the_base_is_right() -> None:
    assert [host.name for host in declare(spoiled({})).hosts] == list(BASE["hosts"])


def test_there_are_enough_cases() -> None:
    assert len(CASES) >= 45


@pytest.mark.parametrize("case", CASES)
def test_message(case: str) -> None:
    changes = yaml.safe_load((HERE / f"{case}.yaml").read_text())
    with pytest.raises(ModelError) as raised:
        declare(spoiled(changes))
    assert str(raised.value) + "\n" == (HERE / f"{case}.txt").read_text()
