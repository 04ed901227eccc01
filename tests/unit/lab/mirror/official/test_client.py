"""Single requests: what is asked again, what is too large, and what is no answer in time."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from lab.mirror.official import client as module
from lab.mirror.official import store as store_module
from lab.mirror.official.client import Client, NotHad, at_once
from lab.mirror.official.store import Store
from tests.unit.lab.mirror.official.publisher import CNI, sha256
from tests.unit.lab.mirror.official.upstream import Upstream

URL = f"https://{CNI}"


@pytest.mark.parametrize(("how", "times"), [("500 once", 2), ("right", 1)])
def test_a_failure_that_may_pass_is_asked_about_once_more(
    served: Upstream, tmp_path: Path, how: str, times: int
) -> None:
    served.answers = {".tgz": how}
    assert Client().document(URL) == served.files[CNI]
    assert len(served.asked) == times
    served.answers = {".tgz": how}
    assert Store(tmp_path).fetch(Client(), URL, sha256(served.files[CNI])).is_file()


def test_what_is_not_there_is_asked_for_once(served: Upstream) -> None:
    with pytest.raises(NotHad, match="answers 404") as missing:
        Client().document(f"{URL}.other")
    assert (missing.value.status, len(served.asked)) == (404, 1)


def test_nothing_fills_memory_or_disk(served: Upstream, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LARGEST_DOCUMENT", 5)
    monkeypatch.setattr(store_module, "LARGEST_FILE", 5)
    with pytest.raises(NotHad, match="is larger than"):
        Client().document(URL)
    with pytest.raises(NotHad, match="is larger than"):
        Store(tmp_path).fetch(Client(), URL, sha256(served.files[CNI]))
    assert list((tmp_path / "drafts").iterdir()) == []


def test_a_name_that_redirects_is_reached(served: Upstream) -> None:
    Client().reach("pkgs.k8s.io", 30)
    assert served.asked == [], "a HEAD of its first page is enough"


def test_jobs_that_are_not_ready_in_time_are_not_waited_for() -> None:
    never = threading.Event()
    began = time.monotonic()
    found = at_once({"quick": lambda: True, "wrong": lambda: 1 // 0 == 0, "never": lambda: never.wait(60)}, 0.2)
    assert time.monotonic() - began < 30
    assert found["quick"] is True
    assert isinstance(found["wrong"], ZeroDivisionError)
    assert str(found["never"]) == "no answer within 0.2 s"
    never.set()
