"""A session that sshd refuses is asked for again; the first refusal lost a whole deploy (coordinator, six hosts at once)."""

from __future__ import annotations

import pytest
from paramiko.client import SSHClient
from paramiko.ssh_exception import ChannelException

from engine import sessions


def test_a_refused_session_is_asked_for_again(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = [ChannelException(2, "Connect failed"), ChannelException(2, "Connect failed"), "ran"]

    def exec_command(client: object, command: str) -> object:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setattr(SSHClient, "exec_command", exec_command)
    monkeypatch.setattr(sessions, "PAUSE_S", 0)
    sessions.wait_for_sessions()
    assert SSHClient.exec_command(None, "true") == "ran"  # type: ignore[arg-type]
    assert answers == []
