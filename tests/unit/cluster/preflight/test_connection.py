"""Each kind of failure has its four parts, with the host's own address, port and name."""

from __future__ import annotations

from typing import get_args

import pytest

from cluster.preflight.connection import Failure, Kind, Way, problem

WAY = Way("den", "203.0.113.4", 2222, "ubuntu")


@pytest.mark.parametrize("kind", get_args(Kind))
def test_each_kind_has_four_parts(kind: Kind) -> None:
    found = problem(WAY, Failure(kind, "DETAIL"))
    assert found.where == "den SSH"
    for part in (found.what, found.why, found.fix):
        assert part
        assert "{" not in part
        assert "\n" not in part


def test_commands_are_those_of_openssh() -> None:
    assert WAY.command == "ssh -p 2222 ubuntu@203.0.113.4"
    assert Way("den", "a.example", 22, "root").command == "ssh root@a.example"
    assert "ssh-keygen -R '[203.0.113.4]:2222' -f ~/k" in problem(WAY, Failure("changed", "~/k")).fix
    assert "ssh-copy-id -p 2222 ubuntu@203.0.113.4" in problem(WAY, Failure("login", "no")).fix
