"""A new database with all machines at the addresses that they had."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cluster.observed.headscale import Node
from engine import remote
from facts.files import Content
from facts.headscale import Nodes
from local import headscale_db
from operations import headscale_rebuild
from tests.unit.headscale_files import files
from tests.unit.operations.fake_host import commands

WANTED = {"a": "100.64.10.1", "b": "100.64.10.2"}


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
