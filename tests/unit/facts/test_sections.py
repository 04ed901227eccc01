"""Many questions in one script: each has its own time limit and its own section."""

from __future__ import annotations

import subprocess

from facts.sections import Section, parse_sections, script


def asked(questions: dict[str, tuple[str, int]]) -> dict[str, Section]:
    done = subprocess.run(["sh", "-s"], input=script(questions), capture_output=True, text=True, check=True)
    return parse_sections(done.stdout.splitlines())


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
    lines = ["@@ whole", "a", "@>", "one", "", "@? 0", "@@ half", "b", "@>", "two"]
    assert parse_sections(lines) == {"whole": Section("a", ("one",), 0), "half": Section("b\n", ("two",), 124)}
