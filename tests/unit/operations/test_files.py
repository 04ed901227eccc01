"""A file is written if it differs, never if its state is unknown, and its content is on no command line."""

from __future__ import annotations

import hashlib

from cluster.observed.files import FileState
from facts.files import States
from operations import files
from tests.unit.operations.fake_host import commands

FILE = files.File("/etc/thing.conf", "wanted\n")
AS_WANTED = FileState(hashlib.sha256(b"wanted\n").hexdigest(), "644", "root", "root", 0)


def written(found: FileState | None, file: files.File = FILE, executing: bool = True) -> list[str]:
    return commands(files.write, {States: {file.path: found}}, executing=executing, files=[file])


def test_a_file_is_written_when_it_is_absent_or_differs() -> None:
    assert written(None) == ["sh -s"]
    assert written(FileState("0" * 64, "644", "root", "root", 0)) == ["sh -s"]
    assert written(FileState(AS_WANTED.sha256, "600", "root", "root", 0)) == ["sh -s"]


def test_a_file_as_declared_is_left_alone() -> None:
    assert written(AS_WANTED) == []


def test_unknown_state_fails_the_host_and_writes_nothing() -> None:
    (only,) = commands(files.write, {States: None}, files=[FILE])
    assert only.endswith("exit 1")


def test_content_that_is_not_known_yet_is_a_change_in_the_preview_and_a_failure_in_the_run() -> None:
    unknown = files.File(FILE.path, lambda: None)
    assert written(AS_WANTED, unknown, executing=False) == ["sh -s"]
    (only,) = written(AS_WANTED, unknown)
    assert "is not known" in only


def test_contents_are_no_part_of_the_command() -> None:
    secret = files.File(FILE.path, "the secret", secret=True)
    assert "secret" not in "".join(written(None, secret))
