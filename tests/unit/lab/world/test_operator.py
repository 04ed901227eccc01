"""The operator's machine."""

from __future__ import annotations

from lab.world import state
from lab.world.operator import ssh_config
from tests.unit.lab.worlds import behind, world


def test_ssh_by_name_uses_what_is_declared() -> None:
    planned = world(away=behind("192.168.1.2", "192.0.2.9", 2222, ssh_user="kim", _sudo=True))
    text = ssh_config(state.Run("t"), planned)
    assert "Host away\n  HostName 192.0.2.9\n  Port 2222\n  User kim\n" in text
