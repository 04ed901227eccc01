"""Kubernetes' own conformance tests of network and workloads pass on the reference inventory."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.lab.conftest import PROJECT, Rehearsal, rehearsal

pytestmark = [pytest.mark.lab, pytest.mark.long, pytest.mark.timeout(7200)]


@pytest.fixture(scope="module")
def world(watched: set[str]) -> Iterator[Rehearsal]:
    for made in rehearsal(PROJECT / "inventory.py", "test-9", watched):
        made.must("deploy")
        made.must("verify", "--wait", "120")
        yield made


def test_all_conformance_tests_pass(world: Rehearsal) -> None:
    world.must("conformance", timeout=7000)
    told = (PROJECT / "build" / "conformance" / "tests.txt").read_text().split("\n\n")[1].splitlines()
    assert len(told) > 50
    assert [line for line in told if not line.startswith("passed ")] == []
