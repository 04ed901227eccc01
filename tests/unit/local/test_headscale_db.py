"""headscale's database on the operator's machine: merged, readdressed, refused if damaged."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from local import headscale_db
from tests.unit.headscale_files import files

WANTED = {"a": "100.64.10.1", "b": "100.64.10.2"}


def rows(found: dict[str, bytes], tmp_path: Path) -> dict[str, str]:
    (tmp_path / "read.sqlite").write_bytes(found["db.sqlite"])
    with closing(sqlite3.connect(tmp_path / "read.sqlite")) as read:
        return dict(read.execute("SELECT hostname, ipv4 FROM nodes"))


class TestDatabase:
    def test_the_log_is_worked_in_and_keys_stay(self, tmp_path: Path) -> None:
        found = files(tmp_path)
        assert set(found) == {"db.sqlite", "db.sqlite-wal", "noise_private.key"}
        whole = headscale_db.merge_log(found)
        assert set(whole) == {"db.sqlite", "noise_private.key"}
        assert rows(whole, tmp_path) == {"a": "100.64.10.2", "b": "100.64.10.1"}
        assert headscale_db.machine_keys(whole) == headscale_db.machine_keys(found) == ("nodekey:1", "nodekey:2")

    def test_two_machines_change_places(self, tmp_path: Path) -> None:
        assert rows(headscale_db.set_addresses(files(tmp_path), WANTED), tmp_path) == WANTED

    @pytest.mark.parametrize("content", [b"", b"not a database at all, but long enough" * 99])
    def test_a_damaged_one_is_told_with_the_cure(self, content: bytes) -> None:
        with pytest.raises(headscale_db.Damaged, match=r"tasks/rebuild_headscale\.py replaces it"):
            headscale_db.merge_log({"db.sqlite": content})

    def test_a_tar_comes_back_as_it_went(self) -> None:
        assert headscale_db.unpack(headscale_db.pack({"x": b"1", "y": b""})) == {"x": b"1", "y": b""}

    @pytest.mark.parametrize(
        "sent", [b"", b"nonsense", headscale_db.pack({}), headscale_db.pack({"x": bytes(9999)})[:-20]]
    )
    def test_what_did_not_come_whole_is_told(self, sent: bytes) -> None:
        with pytest.raises(headscale_db.Damaged):
            headscale_db.unpack(sent)
