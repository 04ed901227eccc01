"""Images from a registry: tokens, several architectures, and digests."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lab.mirror.official import registry
from lab.mirror.official.client import Client, NotHad
from lab.mirror.official.store import Store
from tests.unit.lab.mirror.official import publisher, upstream
from tests.unit.lab.mirror.official.upstream import Upstream

NAME = "ghcr.io/flannel-io/flannel:v0.28.10"


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "cache")


def test_a_token_goes_to_its_registry_and_not_to_where_that_leads(served: Upstream, store: Store) -> None:
    blob = next(address for address in served.files if address.startswith("ghcr.io/v2/flannel-io/flannel/blobs/"))
    served.files[f"cdn.example.org/{blob[-64:]}"] = served.files[blob]
    served.redirects = {blob: f"https://cdn.example.org/{blob[-64:]}"}
    found = registry.image(Client(), store, NAME, ["amd64"])
    assert found[blob].read_bytes() == served.files[blob]
    assert dict(served.asked)[blob] == "Bearer for-everybody"
    assert dict(served.asked)[f"cdn.example.org/{blob[-64:]}"] is None
    assert sum(address == "ghcr.io/token" for address, _ in served.asked) == 1


def test_a_redirect_out_of_tls_is_not_followed(served: Upstream, store: Store) -> None:
    blob = next(address for address in served.files if "/pause/blobs/" in address)
    served.redirects = {blob: "http://cdn.example.org/blob"}
    with pytest.raises(NotHad, match=r"leads to http://cdn\.example\.org/blob, which is not encrypted"):
        registry.image(Client(), store, "registry.k8s.io/pause:3.10.1", ["amd64"])


def test_only_the_wanted_architectures_are_fetched(served: Upstream, store: Store) -> None:
    name = "registry.k8s.io/pause:9.9"
    both = publisher.image(name, ["amd64", "arm64"])
    served.files |= both
    found = registry.image(Client(), store, name, ["arm64"])
    blobs = [file.read_bytes().decode() for path, file in found.items() if "/blobs/" in path]
    assert len(blobs) == 2
    assert all("arm64" in blob for blob in blobs)
    assert set(both) <= set(registry.image(Client(), store, name, ["amd64", "arm64"]))
    with pytest.raises(NotHad, match=r"pause:9\.9 is not there for s390x"):
        registry.image(Client(), store, name, ["s390x"])


@pytest.mark.parametrize("kind", ["manifests/sha256:", "blobs/sha256:"])
def test_another_content_than_the_digest_is_refused(served: Upstream, store: Store, kind: str) -> None:
    for address in [address for address in served.files if f"/pause/{kind}" in address]:
        served.files[address] += b" "
    with pytest.raises(NotHad, match="has the sha256"):
        registry.image(Client(), store, "registry.k8s.io/pause:3.10.1", ["amd64"])


def test_an_image_without_an_index_must_be_for_the_architecture(served: Upstream, store: Store) -> None:
    where = "registry.k8s.io/v2/pause/manifests"
    manifest = next(content for address, content in served.files.items() if address.startswith(f"{where}/sha256:"))
    served.files[f"{where}/single"] = manifest
    assert len(registry.image(Client(), store, "registry.k8s.io/pause:single", ["amd64"])) == 4
    with pytest.raises(NotHad, match="is for amd64, not for arm64"):
        registry.image(Client(), store, "registry.k8s.io/pause:single", ["arm64"])


@pytest.mark.parametrize(
    "document",
    [{"manifests": [{"digest": "md5:x", "platform": {"os": "linux", "architecture": "amd64"}}]}, {"layers": 1}],
)
def test_an_unknown_form_is_a_reason(served: Upstream, store: Store, document: dict[str, object]) -> None:
    served.files["registry.k8s.io/v2/pause/manifests/odd"] = json.dumps(document).encode()
    with pytest.raises(NotHad, match=r"is no sha256 digest|is of an unknown form"):
        registry.image(Client(), store, "registry.k8s.io/pause:odd", ["amd64"])


@pytest.mark.parametrize("challenge", ['Bearer realm="http://ghcr.io/token"', 'Basic realm="ghcr"', ""])
def test_a_token_is_asked_for_over_tls_only(
    served: Upstream, store: Store, challenge: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upstream, "REALM", challenge)
    with pytest.raises(NotHad, match="answers 401"):
        registry.image(Client(), store, NAME, ["amd64"])
    assert "ghcr.io/token" not in dict(served.asked)
