"""The kept files and their views."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab.mirror.official.client import Client, NotHad
from lab.mirror.official.store import Store
from tests.unit.lab.mirror.official.publisher import CNI, sha256
from tests.unit.lab.mirror.official.upstream import Upstream


def test_a_kept_file_that_was_changed_is_fetched_again(tmp_path: Path, served: Upstream) -> None:
    store, right = Store(tmp_path), served.files[CNI]
    file = store.fetch(Client(), f"https://{CNI}", sha256(right))
    assert store.fetch(Client(), f"https://{CNI}", sha256(right)) == file
    assert len(served.asked) == 1
    file.write_bytes(b"changed")
    assert store.fetch(Client(), f"https://{CNI}", sha256(right)).read_bytes() == right


def test_a_view_is_named_by_what_it_holds(tmp_path: Path) -> None:
    store = Store(tmp_path)
    one, other = store.keep(b"one"), store.keep(b"other")
    view = store.view({"a.example/core:/x": one, "b.example/y": other})
    assert (view / "a.example/core:/x").read_bytes() == b"one"
    assert store.view({"b.example/y": other, "a.example/core:/x": one}) == view
    assert store.view({"b.example/y": one}) != view


@pytest.mark.parametrize("path", ["../x", "a//x", "/etc/x", "a/./x"])
def test_no_path_leads_out_of_a_view(tmp_path: Path, path: str) -> None:
    store = Store(tmp_path)
    with pytest.raises(NotHad, match="is no path below an official name"):
        store.view({path: store.keep(b"x")})


def test_what_a_killed_run_left_is_removed(tmp_path: Path) -> None:
    store = Store(tmp_path)
    (store.drafts / "file").write_text("half")
    (store.drafts / "folder").mkdir()
    store.remove_leftovers()
    assert list(store.drafts.iterdir()) == []
