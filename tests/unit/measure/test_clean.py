"""A host may answer anything: what is kept has the right types, and can be printed."""

from __future__ import annotations

from typing import Any

import pytest

from cluster.observed.tailscale import ClientStatus
from measure.clean import cleaned
from report.measurement import Api, Evidence, HostMeasured
from tests.unit.report.recorded import healthy, measurement


def host(**values: Any) -> HostMeasured:
    return HostMeasured("one", "site", ("worker",), **values)


def test_what_is_right_stays() -> None:
    for found in measurement(healthy()).hosts:
        assert cleaned(found) == found


@pytest.mark.parametrize(
    "values",
    [
        {"tailnet": ClientStatus("Running", version=5)},  # type: ignore[arg-type]
        {"names": {"a": "perhaps"}},
        {"listeners": [["0.0.0.0:22"]]},
        {"paths": {"two": None}},
        {"disks": {"/": {"used_percent": "full"}}},
    ],
)
def test_a_value_of_another_type_was_not_measured(values: dict[str, Any]) -> None:
    assert cleaned(host(**values, cgroup="v2")) == host(cgroup="v2")


def test_nothing_can_move_the_cursor_or_pass_for_a_line_of_the_report() -> None:
    found = cleaned(
        host(
            error="\x1b[2J\nno problems",
            names={"a\x9bb": True},
            evidence={"rules": Evidence("one\ntwo", ("\u202etxt\ttab",))},
        )
    )
    assert found.error == "\\x1b[2J no problems"
    assert found.names == {"a\\x9bb": True}
    assert found.evidence == {"rules": Evidence("one\ntwo", ("\\u202etxt\ttab",))}


def test_what_the_api_lists_is_dropped_as_a_whole_if_it_is_odd() -> None:
    assert cleaned(Api("one", nodes=("x",))) == Api("one")  # type: ignore[arg-type]
