"""One set of keys and publishers for all tests; for each test an upstream of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from cluster.sources import KEY_FINGERPRINTS, SHA256, Pins
from lab.mirror.official import choice, parts
from lab.mirror.official.client import Client
from lab.mirror.official.parts import Asker, Wanted
from lab.mirror.official.store import Store
from tests.unit.lab.mirror.official import publisher, upstream
from tests.unit.lab.worlds import cluster


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, publisher.Key]]:
    folder = tmp_path_factory.mktemp("k")
    made = {name: publisher.Key(folder / name, name) for name in ("publisher", "stranger")}
    yield made
    for key in made.values():
        key.end()


@pytest.fixture(scope="session")
def published(keys: dict[str, publisher.Key], tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    return publisher.everything(tmp_path_factory.mktemp("debs"), keys["publisher"])


@pytest.fixture(scope="session")
def wanted(keys: dict[str, publisher.Key], published: dict[str, bytes]) -> Wanted:
    pins = Pins(
        key_fingerprints=dict.fromkeys(KEY_FINGERPRINTS, keys["publisher"].fingerprint),
        sha256={**SHA256, f"https://{publisher.CNI}": publisher.sha256(published[publisher.CNI])},
    )
    return Wanted((cluster(),), ("amd64",), ("bookworm",), ("bookworm",), pins)


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> upstream.Authority:
    return upstream.Authority(tmp_path_factory.mktemp("ca"))


@pytest.fixture(autouse=True)
def machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """The publishers of these tests have amd64 only, and a busy machine may be slow."""
    monkeypatch.setattr(choice, "PROBE_SECONDS", 30)
    for module in (parts, choice):
        monkeypatch.setattr(module, "machine_architecture", lambda: "amd64")


@pytest.fixture
def served(
    published: dict[str, bytes], authority: upstream.Authority, monkeypatch: pytest.MonkeyPatch
) -> Iterator[upstream.Upstream]:
    with upstream.serving(published, authority, monkeypatch) as made:
        yield made


@pytest.fixture
def asker(served: upstream.Upstream, wanted: Wanted, tmp_path: Path) -> Asker:
    return Asker(Client(), Store(tmp_path / "cache"), wanted)
