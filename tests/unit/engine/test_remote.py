"""Asking a host in passing: the answer comes, cached facts stay, and no later run sends it again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from paramiko.ssh_exception import SSHException
from pyinfra.context import ctx_inventory

from engine import remote
from tests.unit.engine.fact_cache.world import Line, World, make

__all__ = ["make"]
A = "@fake/a"


def test_a_script_is_sent_once_and_leaves_the_cache_alone(make: Callable[..., World], tmp_path: Path) -> None:
    world = make(A)
    world.host(A).connected = True
    assert world.ask(A, Line, file="one") == "absent"
    with ctx_inventory.use(world.inventory):
        assert remote.ask(A, "echo $WHO; cat", 5).splitlines() == ["user"]
    assert world.ask(A, Line, file="one") == "absent"
    assert len(world.sent(A)) == 2
    world.dispatcher.history.save()
    assert "sh -s" not in "".join(file.read_text() for file in (tmp_path / "lists").iterdir())


def test_a_script_that_fails_names_its_host(make: Callable[..., World]) -> None:
    world = make(A)
    world.host(A).connected = True
    with ctx_inventory.use(world.inventory), pytest.raises(remote.RemoteFailure, match="@fake/a: no perl"):
        remote.ask(A, "echo no perl >&2; exit 127", 5)


@pytest.mark.parametrize("error", [EOFError(), SSHException("no session"), TimeoutError()])
def test_a_line_that_breaks_is_a_failure_of_its_host(
    make: Callable[..., World], monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    world = make(A)
    world.host(A).connected = True

    def breaks(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(world.host(A), "run_shell_command", breaks)
    with ctx_inventory.use(world.inventory):
        for asked in (lambda: remote.ask(A, "true", 5), lambda: remote.run(A, "true")):
            with pytest.raises(remote.RemoteFailure, match=r"^@fake/a: .+"):
                asked()
