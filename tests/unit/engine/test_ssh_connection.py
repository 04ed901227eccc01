"""A connection whose other side has gone without a word ends within a minute."""

from __future__ import annotations

import gevent  # type: ignore[import-untyped]
import pytest

from engine import ssh_connection


class Dead:
    """A connection whose other side has gone without a word."""

    def __init__(self) -> None:
        self.is_open = True

    def is_active(self) -> bool:
        return self.is_open

    def global_request(self, kind: str, wait: bool) -> None:
        gevent.sleep(3600)

    def close(self) -> None:
        self.is_open = False


def test_a_dead_connection_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    assert ssh_connection.ASK_EVERY_S + ssh_connection.ANSWER_WITHIN_S < 60
    monkeypatch.setattr(ssh_connection, "ASK_EVERY_S", 0)
    monkeypatch.setattr(ssh_connection, "ANSWER_WITHIN_S", 0.05)
    dead = Dead()
    ssh_connection.watch(dead, "[den] ")
    assert not dead.is_active()
