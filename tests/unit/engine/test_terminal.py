"""What hosts print reaches the terminal without control characters."""

from __future__ import annotations

import logging

import pyinfra.api.output
import pytest
from pyinfra import logger

from engine import terminal


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("[limb] \x1b[31mfailed\x1b[0m\n\tmore", "[limb] \x1b[31mfailed\x1b[0m\n\tmore"),
        ("a\x1b[2Jb\x1b]0;title\x07", "a\\x1b[2Jb\\x1b]0;title\\x07"),
        ("x\x9b2J\x00\r", "x\\x9b2J\\x00\\r"),
        ("exe\u202etxt \u2066\u200b", "exe\\u202etxt \\u2066\\u200b"),
        ("100 ms, Größe, 北京", "100 ms, Größe, 北京"),
    ],
)
def test_clean(text: str, shown: str) -> None:
    assert terminal.clean(text) == shown


def test_pyinfra_prints_and_logs_through_it(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pyinfra.api.output, "_echo", None)
    monkeypatch.setattr(logger, "filters", [])
    terminal.echo_clean()
    terminal.echo_clean()
    pyinfra.api.output.echo("limb: \x1b[2Jwiped", err=True)
    assert capsys.readouterr().err == "limb: \\x1b[2Jwiped\n"
    record = logging.LogRecord("pyinfra", logging.INFO, "", 1, "[%s] said %s", ("limb", "\x1b[2J"), None)
    (only,) = logger.filters
    assert isinstance(only, terminal.Cleaned)
    assert only.filter(record)
    assert (record.msg, record.args) == ("[limb] said \\x1b[2J", None)
