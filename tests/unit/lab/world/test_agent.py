"""The client of QEMU's guest agent, against a false agent."""

from __future__ import annotations

import base64
import json
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lab.failures import LabError
from lab.world import agent

Answer = Callable[[str, dict[str, Any]], dict[str, Any]]
PID = 42


class FalseAgent:
    """Answers each connection's questions; what it was asked is kept. `stale`: sent before the first answer, as left by an earlier client."""

    def __init__(self, path: Path, answer: Answer, stale: bytes = b"") -> None:
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.answer, self.stale = answer, stale
        self.server = socket.socket(socket.AF_UNIX)
        self.server.bind(str(path))
        self.server.listen()
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self) -> None:
        while True:
            try:
                connection, _ = self.server.accept()
            except OSError:
                return
            with connection:
                connection.sendall(self.stale)
                for line in connection.makefile("rb"):
                    asked = json.loads(line.lstrip(b"\xff"))
                    name, arguments = asked["execute"], asked.get("arguments", {})
                    if name == "guest-sync-delimited":
                        reply, before = {"return": arguments["id"]}, b"\xff"
                    else:
                        self.asked.append((name, arguments))
                        reply, before = self.answer(name, arguments), b""
                    connection.sendall(before + json.dumps(reply).encode() + b"\n")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "1.agent"


@pytest.fixture(autouse=True)
def _keep_signals(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(agent.signal, "signal", lambda *_: None)


def exited(**status: Any) -> Answer:
    """A command that runs at the first question and has ended at the second."""
    rounds = iter([{"exited": False}, {"exited": True, **status}])
    return lambda name, _: {"return": {"pid": PID} if name == "guest-exec" else next(rounds)}


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def test_input_output_and_exit_code_are_the_command_s(path: Path, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    answer = exited(exitcode=3, **{"out-data": encoded("größe\n"), "err-data": encoded("odd\n")})
    there = FalseAgent(path, answer)
    assert agent.run(agent.Agent("leaf", path), ["sh", "-s"], b"ls\n") == 3
    assert tuple(capsysbinary.readouterr()) == ("größe\n".encode(), b"odd\n")
    name, arguments = there.asked[0]
    assert (name, arguments["path"], arguments["arg"][-2:]) == ("guest-exec", "/usr/bin/env", ["sh", "-s"])
    assert "HOME=/root" in arguments["arg"]
    assert base64.b64decode(arguments["input-data"]) == b"ls\n"


def test_a_command_that_a_signal_ended_has_a_shell_s_exit_code(path: Path) -> None:
    FalseAgent(path, exited(signal=9))
    assert agent.run(agent.Agent("leaf", path), ["true"], b"") == 137


def test_answers_to_an_earlier_client_are_discarded(path: Path) -> None:
    left = b'{"return": {"pid": 1}}\n\xff{"return": 7}\n'
    FalseAgent(path, lambda *_: {"return": {"version": "7.2"}}, stale=left)
    assert agent.Agent("leaf", path).call("guest-info") == {"version": "7.2"}


def test_output_that_the_agent_has_cut_is_no_success(path: Path) -> None:
    FalseAgent(path, exited(exitcode=0, **{"out-data": encoded("a"), "out-truncated": True}))
    with pytest.raises(LabError, match="has cut the output"):
        agent.run(agent.Agent("leaf", path), ["true"], b"")


def test_a_refusal_is_shown_with_the_agent_s_own_words(path: Path) -> None:
    FalseAgent(path, lambda *_: {"error": {"class": "GenericError", "desc": "no such program"}})
    with pytest.raises(LabError, match=r"refuses guest-exec\n.*no such program"):
        agent.Agent("leaf", path).start(["x"], b"")


def test_a_machine_that_is_off_or_silent_is_named(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(LabError, match=r"host leaf\n.*can't be reached"):
        agent.Agent("leaf", path).call("guest-info")
    monkeypatch.setattr(agent, "ANSWER_SECONDS", 0.0)
    monkeypatch.setattr(agent, "ATTEMPT_SECONDS", 0.05)
    silent = socket.socket(socket.AF_UNIX)
    silent.bind(str(path))
    silent.listen()
    with pytest.raises(LabError, match="does not answer"):
        agent.Agent("leaf", path).call("guest-info")
