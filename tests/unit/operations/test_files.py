"""A file is written if it differs, never if its state is unknown, and its content is on no command line."""

from __future__ import annotations

import hashlib
import subprocess
from pathlib import Path

import pytest
from pyinfra.api.exceptions import FactProcessError

from cluster.documents.hosts_file import edited
from cluster.observed.files import FileState
from facts.files import States, Whole
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


LATIN = b"127.0.0.1 localhost\n# caf\xe9\x0cpage\r\n192.0.2.9 printer\n"


def replace(at: Path, before: bytes, after: str) -> subprocess.CompletedProcess[str]:
    script = files.replaced(str(at), before.decode("utf-8", "surrogateescape"), after)
    return subprocess.run(["sh", "-s"], input=script, text=True, capture_output=True)


def read(at: Path) -> str:
    """As the fact reads it."""
    done = subprocess.run(["sh", "-c", str(Whole().command(str(at)))], capture_output=True, text=True, check=True)
    return Whole().process(done.stdout.splitlines())


def test_a_file_of_others_keeps_each_byte_its_mode_and_its_owner(tmp_path: Path) -> None:
    at = tmp_path / "it's hosts"
    at.write_bytes(LATIN)
    at.chmod(0o640)
    text = edited(read(at), {"100.64.10.1": ["n1"]})
    assert replace(at, LATIN, text).returncode == 0
    assert at.read_bytes() == LATIN + b"# begin isthmus\n100.64.10.1 n1\n# end isthmus\n"
    assert at.stat().st_mode & 0o777 == 0o640
    assert replace(at, at.read_bytes(), edited(read(at), {})).returncode == 0
    assert at.read_bytes() == LATIN
    assert [path.name for path in tmp_path.iterdir()] == ["it's hosts"]


def test_a_file_that_changed_meanwhile_is_not_overwritten(tmp_path: Path) -> None:
    at = tmp_path / "hosts"
    at.write_bytes(LATIN)
    done = replace(at, b"something else\n", "new\n")
    assert done.returncode == 1
    assert "was changed by another program" in done.stderr
    assert at.read_bytes() == LATIN


def test_a_full_disk_leaves_the_old_file(tmp_path: Path) -> None:
    at = tmp_path / "hosts"
    at.write_bytes(LATIN)
    script = files.replaced(str(at), LATIN.decode("utf-8", "surrogateescape"), "x" * 90000)
    done = subprocess.run(
        ["sh", "-c", "ulimit -f 8; trap '' XFSZ; sh -s"], input=script, text=True, capture_output=True
    )
    assert done.returncode != 0
    assert at.read_bytes() == LATIN
    assert [path.name for path in tmp_path.iterdir()] == ["hosts"]


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").write_bytes(LATIN)
    (tmp_path / "link").symlink_to("real")
    assert replace(tmp_path / "link", LATIN, "new\n").returncode == 0
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_text() == "new\n"


def test_an_answer_that_was_cut_off_is_none(tmp_path: Path) -> None:
    (tmp_path / "hosts").write_bytes(LATIN)
    lines = subprocess.run(
        ["sh", "-c", str(Whole().command(str(tmp_path / "hosts")))], capture_output=True, text=True, check=True
    ).stdout.splitlines()
    for cut in (lines[:-1], lines[1:], [], [lines[0], lines[1][:-3], lines[-1]]):
        with pytest.raises(FactProcessError):
            Whole().process(cut)
