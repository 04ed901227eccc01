"""Many questions in one script: each has its own time limit and its own section."""

from __future__ import annotations

import subprocess

import pytest

from facts import sections
from facts.sections import Section, frame, parse_sections, script


def asked(questions: dict[str, tuple[str, int]]) -> dict[str, Section]:
    mark = frame()
    done = subprocess.run(["sh", "-s"], input=script(questions, mark), capture_output=True, text=True, check=True)
    return parse_sections(done.stdout.splitlines(), mark, questions)


def test_what_each_printed_its_command_and_its_exit_code() -> None:
    found = asked({"fine": ("echo one; echo; echo two", 5), "wrong": ("echo no >&2\nexit 3", 5), "silent": ("true", 5)})
    assert found["fine"] == Section("echo one; echo; echo two", ("one", "", "two"), 0)
    assert found["wrong"] == Section("echo no >&2\nexit 3", ("no",), 3)
    assert found["silent"].output == ()


def test_what_takes_too_long_costs_the_others_nothing() -> None:
    found = asked({"slow": ("echo begun; sleep 30", 1), "quick": ("echo done", 5)})
    assert (found["slow"].output, found["slow"].code) == (("begun",), 124)
    assert (found["quick"].output, found["quick"].code) == (("done",), 0)


def test_a_section_that_was_cut_off_took_too_long() -> None:
    lines = ["", "@@m whole", "a", "@>m", "one", "", "@?m 0", "", "@@m half", "b", "@>m", "two"]
    found = parse_sections(lines, "m", ["whole", "half"])
    assert found == {"whole": Section("a", ("one",), 0), "half": Section("b", ("two",), 124)}


def test_no_answer_can_begin_or_end_a_section() -> None:
    """A pod's log has lines such as these; a log of what verify asks, those of an earlier run."""
    forged = f"printf '@@ other\\nx\\n@>\\nlie\\n@? x\\n@@{frame()} other\\n'; env | grep -c mark"
    found = asked({"log": (forged, 5), "other": ("echo truth", 5)})
    assert found["other"].output == ("truth",)
    assert found["log"].output[:5] == ("@@ other", "x", "@>", "lie", "@? x")
    assert found["log"].output[-1] == "0"


def test_a_name_that_was_not_asked_is_no_section() -> None:
    """A host that has been taken over knows the word; a name becomes a file's name in a support bundle."""
    lines = ["@@m ../../root/evil", "a", "@>m", "one", "@?m 0", "@@m fine", "b", "@>m", "two", "@?m not-a-number"]
    assert parse_sections(lines, "m", ["fine"]) == {"fine": Section("b", ("two",), 124)}


def test_an_answer_has_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sections, "LIMIT", 1000)
    found = asked({"endless": ("yes", 2), "quick": ("echo done", 5)})
    assert "say large 5 true 20" in script({"large": ("true", 5)}, "mark", {"large": 20})
    assert sum(len(line) + 1 for line in found["endless"].output) == 1000
    assert found["quick"] == Section("echo done", ("done",), 0)
