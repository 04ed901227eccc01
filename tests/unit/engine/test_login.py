"""The passwords of sudo: kept where pyinfra's connectors look for them, and in no argument of a command."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from engine import login


def target(name: str, **data: Any) -> Any:
    class Data(SimpleNamespace):
        def get(self, key: str) -> Any:
            return getattr(self, key, None)

    return SimpleNamespace(name=name, data=Data(ssh_hostname="203.0.113.4", **data), connector_data={})


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    prompts: list[str] = []

    def answer(prompt: str) -> str:
        prompts.append(prompt)
        return "typed"

    monkeypatch.setattr(login, "getpass", answer)
    monkeypatch.setattr(login.command_line, "option", lambda name: None)
    monkeypatch.setattr(login.sys, "stdin", SimpleNamespace(isatty=lambda: True))
    return prompts


def test_a_written_password_is_moved_out_of_the_arguments(asked: list[str]) -> None:
    den = target("den", _sudo=True, _sudo_password="written")
    assert login.passwords([den]) == []
    assert (den.connector_data[login.PASSWORD], den.data._sudo_password) == ("written", None)
    assert asked == []


def test_one_question_for_all_hosts(asked: list[str]) -> None:
    den, attic, hub = target("den", _use_sudo_password=True), target("attic", _use_sudo_password=True), target("hub")
    assert login.passwords([den, attic, hub]) == []
    assert asked == ["sudo password on den, attic: "]
    assert [one.connector_data.get(login.PASSWORD) for one in (den, attic, hub)] == ["typed", "typed", None]


def test_nobody_to_ask(asked: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(login.sys, "stdin", SimpleNamespace(isatty=lambda: False))
    (problem,) = login.passwords([target("den", _use_sudo_password=True)])
    assert problem.where == "den login"
    assert asked == []


def test_a_line_that_ends_under_the_first_question_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    def ends(*_: object, **__: object) -> None:
        raise EOFError

    den = target("den")
    den.connector, den.run_shell_command = SimpleNamespace(), ends
    monkeypatch.setattr(login, "SshSessions", SimpleNamespace)
    monkeypatch.setattr(login.command_line, "is_verify", lambda: False)
    problem = login.problem_of(den)
    assert problem is not None
    assert problem.where == "den login"
