"""Taken whole or not at all; brought back where it fits; headscale's machines at the addresses that they had."""

from __future__ import annotations

import gzip
import io
import json
import sqlite3
import subprocess
import tarfile
from contextlib import closing
from pathlib import Path

import pyrage  # type: ignore[import-untyped]
import pytest

from cluster import backups
from cluster.observed.headscale import Node
from cluster.observed.kubeadm_state import Membership as Left
from cluster.observed.packages import Package
from cluster.observed.tailscale import ClientStatus
from engine import remote
from facts import backup as asked
from facts.dpkg import Packages
from facts.files import Content
from facts.headscale import Nodes
from facts.kubernetes import KubeletVersion, Membership
from facts.paths import Present
from facts.tailscale import Status
from local import headscale_db
from operations import backup, headscale_rebuild, restore
from tests.unit.operations.fake_host import commands

WANTED = {"a": "100.64.10.1", "b": "100.64.10.2"}
MINE, OTHERS = "a" * 64, "b" * 64
OUTSIDE = Left()


def files(tmp_path: Path) -> dict[str, bytes]:
    """headscale's files while it runs: the second machine is in the log only."""
    with closing(sqlite3.connect(tmp_path / "db.sqlite")) as made:
        made.execute("PRAGMA journal_mode=WAL")
        made.execute("CREATE TABLE nodes (hostname text, ipv4 text, node_key text)")
        made.execute("INSERT INTO nodes VALUES ('a', '100.64.10.2', 'nodekey:1')")
        made.commit()
        made.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        made.execute("INSERT INTO nodes VALUES ('b', '100.64.10.1', 'nodekey:2')")
        made.commit()
        found = {path.name: path.read_bytes() for path in tmp_path.iterdir() if not path.name.endswith("-shm")}
    return {**found, "noise_private.key": b"privkey:1"}


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


class TestTaken:
    KEY = pyrage.x25519.Identity.generate()

    def take(self, monkeypatch: pytest.MonkeyPatch, name: str, content: bytes) -> list[str]:
        monkeypatch.setattr(backup, "_encrypted", {})
        monkeypatch.setattr(backup, "_addresses", {})
        monkeypatch.setattr(remote, "content", lambda *_: content)
        monkeypatch.setattr(remote, "run", lambda *_: "kubernetes 1.36.3\n")
        facts = {Status: ClientStatus("Running", addresses=("100.64.10.1",))}
        return commands(backup.fetch, facts, files={name: "script"}, recipients=[self.KEY.to_public()])

    def test_it_is_kept_encrypted(self, monkeypatch: pytest.MonkeyPatch) -> None:
        assert self.take(monkeypatch, backups.ETCD, gzip.compress(b"all of it")) == ["true"]
        assert gzip.decompress(pyrage.decrypt(backup._encrypted[backups.ETCD], [self.KEY])) == b"all of it"
        assert backup._addresses == {"@fake/one": "100.64.10.1"}

    @pytest.mark.parametrize(
        ("name", "content", "said"),
        [
            (backups.ETCD, gzip.compress(b"all of it")[:-4], "arrived incomplete"),
            (backups.ETCD, gzip.compress(b""), "is empty"),
            (backups.PKI, headscale_db.pack({"pki/ca.crt": b"x"}), "has no ca.key"),
            (backups.machine("a"), b"", "arrived incomplete"),
        ],
    )
    def test_half_of_it_is_none(self, monkeypatch: pytest.MonkeyPatch, name: str, content: bytes, said: str) -> None:
        (only,) = self.take(monkeypatch, name, content)
        assert said in only
        assert backup._encrypted == {}


def test_headscale_is_copied_as_it_was_at_one_moment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The script itself, in dash, on files of this machine; while somebody writes, it gives up and leaves nothing."""
    there, work = tmp_path / "headscale", tmp_path / "lib"
    there.mkdir()
    work.mkdir()
    for name, content in files(there).items():
        (there / name).write_bytes(content)
    monkeypatch.setattr(asked, "HEADSCALE", str(there))
    monkeypatch.setattr(asked, "TRIES", 2)
    script = asked.headscale().replace("/var/lib/isthmus-backup", f"{work}/isthmus-backup")
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


class TestFitting:
    def fits(self, *, kubelet: str = "1.36.3", headscale: str = "0.29.3", left: Left | None = OUTSIDE) -> str:
        facts = {Packages: {"headscale": Package(headscale, True) if headscale else None}, KubeletVersion: kubelet}
        given = {"kubernetes": "1.36.1", "headscale": "0.29.3", "authority": lambda: MINE}
        return "".join(commands(restore.check_backup, {**facts, Membership: left}, **given))

    def test_the_same_or_an_empty_host(self) -> None:
        assert self.fits() == self.fits(kubelet="", headscale="") == self.fits(left=Left(True, MINE, MINE)) == ""

    def test_what_does_not_fit_is_refused(self) -> None:
        assert "kubelet 1.35.4 is installed, but the backup is of kubelet 1.36.1" in self.fits(kubelet="1.35.4")
        assert "headscale 0.28.0 is installed" in self.fits(headscale="0.28.0")
        assert "another cluster" in self.fits(left=Left(True, OTHERS, ""))
        assert "another cluster" in self.fits(left=Left(False, "", OTHERS))
        assert "could not be read" in self.fits(left=None)


@pytest.mark.parametrize(
    ("status", "there", "count"),
    [
        (ClientStatus("Running", addresses=("100.64.10.1",)), [asked.STATE], 0),
        (ClientStatus("Running", addresses=("100.64.10.9",)), [asked.STATE], 1),
        (ClientStatus("NeedsLogin"), [asked.STATE], 1),
        (ClientStatus("absent"), [], 1),
        (ClientStatus("absent"), [asked.STATE], 0),
    ],
)
def test_a_host_that_lost_its_key_gets_it_back(status: ClientStatus, there: list[str], count: int) -> None:
    given = {"address": "100.64.10.1", "archive": lambda: b"secret"}
    found = commands(restore.machine, {Status: status, Present: there}, **given)
    assert found == ["sh -s"] * count
    assert commands(restore.machine, {Status: status, Present: there}, address="", archive=None) == []


def test_a_silent_client_is_not_taken_for_an_absent_one() -> None:
    for status in (None, ClientStatus("unreachable")):
        (only,) = commands(restore.machine, {Status: status, Present: []}, address="1", archive=lambda: b"")
        assert "could not be read" in only


def test_the_preview_of_a_restore_opens_nothing() -> None:
    def never() -> bytes:
        raise AssertionError("a preview has no use for it")

    given = {"node": "n", "address": never, "document": never, "pki": never, "snapshot": never}
    assert commands(restore.cluster, {}, executing=False, **given) == ["true"]
    assert commands(restore.headscale, {}, executing=False, archive=never) == ["sh -s"]


def node(name: str, address: str) -> Node:
    return Node(1, name, name, (address,), "k", (), True, (), (), ())


class TestRebuilding:
    RIGHT = (node("a", "100.64.10.1"), node("b", "100.64.10.2"))
    NOTED = [json.dumps(WANTED)]

    def test_addresses_are_noted_before_the_database_goes(self) -> None:
        assert commands(headscale_rebuild.wipe, {Content: []}, addresses=lambda: WANTED) == ["sh -s"]
        script = headscale_rebuild._wipe_script("{}")
        assert script.index(f"{headscale_rebuild.SAVED_ADDRESSES}.new") < script.index(
            "rm -f /var/lib/headscale/db.sqlite*"
        )
        assert "key" not in script.partition("systemctl stop")[2]

    def test_an_interrupted_one_wipes_nothing_again(self) -> None:
        (only,) = commands(headscale_rebuild.wipe, {Content: self.NOTED}, addresses=dict)
        assert only == "systemctl start headscale.service"

    def test_without_every_address_nothing_is_wiped(self) -> None:
        (only,) = commands(headscale_rebuild.wipe, {Content: []}, addresses=lambda: {**WANTED, "c": None})
        assert "nothing was changed" in only
        assert "address of c" in only

    def test_right_addresses_only_end_the_note(self) -> None:
        found = commands(headscale_rebuild.restore_addresses, {Content: self.NOTED, Nodes: self.RIGHT})
        assert found == [f"rm -f {headscale_rebuild.SAVED_ADDRESSES}"]

    def test_wrong_ones_are_mended(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        sent = headscale_db.pack(files(tmp_path))
        monkeypatch.setattr(remote, "content", lambda *_: sent)
        wrong = (node("a", "100.64.10.2"), node("b", "100.64.10.1"))
        assert headscale_rebuild.misplaced(wrong, WANTED) == ["a", "b"]
        found = commands(headscale_rebuild.restore_addresses, {Content: self.NOTED, Nodes: wrong})
        assert found == ["sh -s", f"rm -f {headscale_rebuild.SAVED_ADDRESSES}"]

    def test_headscale_runs_again_where_they_could_not_be(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(remote, "content", lambda *_: b"")
        found = commands(headscale_rebuild.restore_addresses, {Content: self.NOTED, Nodes: (node("a", "100.64.10.7"),)})
        assert found[0] == "systemctl start headscale.service"
        assert "could not be set" in found[1]
