"""What is done once for all hosts, while pyinfra runs the deploy file for each of them at the same time."""

from __future__ import annotations

import gevent
import pytest

from engine import once as module
from engine.once import PerHost, once


def test_one_host_does_it_and_the_others_wait_for_its_value() -> None:
    calls = []

    @once
    def look() -> list[int]:
        calls.append(1)
        gevent.sleep(0.01)
        return [7]

    hosts = [gevent.spawn(look) for _ in range(3)]
    gevent.joinall(hosts)
    assert [host.value for host in hosts] == [[7], [7], [7]]
    assert calls == [1]


@pytest.mark.parametrize("error", [ValueError("no answer"), SystemExit(1)])
def test_if_it_fails_it_fails_for_all_and_is_not_done_again(error: BaseException) -> None:
    calls = []

    @once
    def look() -> None:
        calls.append(1)
        raise error

    for _ in range(2):
        with pytest.raises(type(error)):
            look()
    assert calls == [1]


def test_the_last_host_gets_the_values_of_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "active_hosts", lambda: {"attic", "cellar"})
    values: PerHost[int] = PerHost()
    for name, value, found in (("cellar", 1, None), ("attic", 2, {"cellar": 1, "attic": 2})):
        monkeypatch.setattr(module, "current_host", lambda name=name: type("Host", (), {"name": name}))
        assert values.put(value) == found
