"""Taken whole or not at all, and kept encrypted."""

from __future__ import annotations

import gzip

import pyrage  # type: ignore[import-untyped]
import pytest

from cluster import backups
from cluster.observed.tailscale import ClientStatus
from engine import remote
from facts.tailscale import Status
from local import headscale_db
from operations import backup
from tests.unit.operations.fake_host import commands


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
