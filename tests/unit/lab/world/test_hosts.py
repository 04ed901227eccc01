"""Power on and off of a host, of both kinds."""

from __future__ import annotations

import pytest

from lab.world import containers, hosts, machines
from lab.world.state import Run
from tests.unit.lab.worlds import behind, world


def test_a_host_s_kind_decides_by_whose_functions_it_is_made() -> None:
    planned = world(away=behind("192.168.1.2", "192.0.2.9", 2222, rehearsal={"machine": "vm"}))
    assert [hosts.kind(host) for host in planned.hosts] == [containers, machines]


def test_a_host_that_has_switched_itself_off_boots_again(lab: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its network namespace is still there."""
    done: list[str] = []
    planned = world()
    host = planned.hosts[0]
    monkeypatch.setattr(hosts, "run", lambda words, **_: done.append(" ".join(words)))
    monkeypatch.setattr(hosts, "attach_host", lambda *_: done.append("attach"))
    monkeypatch.setattr(containers, "boot", lambda *_: done.append("init"))
    hosts.boot(lab, planned, host)
    assert done[1:] == [f"ip netns delete {host.namespace}", "attach", "init"]
