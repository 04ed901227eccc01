"""The script that copies headscale's files, run in a shell."""

from __future__ import annotations

import io
import subprocess
import tarfile
from pathlib import Path

import pytest

from facts import backup
from tests.unit.headscale_files import files


def test_headscale_is_copied_as_it_was_at_one_moment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The script itself, in dash, on files of this machine; while somebody writes, it gives up and leaves nothing."""
    there, work = tmp_path / "headscale", tmp_path / "lib"
    there.mkdir()
    work.mkdir()
    for name, content in files(there).items():
        (there / name).write_bytes(content)
    monkeypatch.setattr(backup, "HEADSCALE", str(there))
    monkeypatch.setattr(backup, "TRIES", 2)
    script = backup.headscale().replace("/var/lib/isthmus-backup", f"{work}/isthmus-backup")
    done = subprocess.run(["sh", "-s"], input=script, capture_output=True, text=True, check=True)
    sent = subprocess.run(["base64", "-d"], input=done.stdout.encode(), capture_output=True, check=True).stdout
    with tarfile.open(fileobj=io.BytesIO(sent)) as archive:
        assert {name for name in archive.getnames() if name != "."} == {
            "./db.sqlite",
            "./db.sqlite-wal",
            "./noise_private.key",
        }
    restless = script.replace("same db.sqlite &&", "{ echo x >> db.sqlite; same db.sqlite; } &&")
    failed = subprocess.run(["sh", "-s"], input=restless, capture_output=True, text=True, check=False)
    assert (failed.returncode, failed.stdout) == (1, "")
    assert "writes without a pause" in failed.stderr
    assert list(work.iterdir()) == []
