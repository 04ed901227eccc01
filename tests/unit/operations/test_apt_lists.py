"""Which repositories a list of the owner names, by the key behind it."""

from __future__ import annotations

import base64

import pytest

from cluster.observed.apt import Lists, parse_lists
from cluster.sources import AptSource
from operations import apt_lists
from tests.places import CASES

FOLDER = CASES / "keyrings"
# Debian's own key for the stable release 12.
FINGERPRINT = "4D64FEC119C2029067D6E791F8D2585B8783D481"
URI = "https://download.docker.com/linux/debian"
SOURCE = AptSource("docker", URI, URI, "bookworm", "stable", f"{URI}/gpg", FINGERPRINT)
KEY = base64.b64encode((FOLDER / "stable.asc").read_bytes()).decode()


def lists(signed_by: str, key: str = "/etc/apt/keyrings/docker.asc") -> Lists:
    return parse_lists(
        [
            "list /etc/apt/sources.list.d/docker.list",
            f" deb [signed-by={signed_by}] {URI} bookworm stable",
            f"key {key} {KEY}",
        ]
    )


def test_the_key_of_a_keyring_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    expected = {
        "/etc/apt/keyrings/docker.asc": ["docker"],
        FINGERPRINT: ["docker"],
        "/etc/apt/keyrings/absent.gpg": [],
        "A" * 40: [],
    }
    for signed_by, names in expected.items():
        held = lists(signed_by)
        monkeypatch.setattr(apt_lists.remote, "fact", lambda *_, held=held, **__: held)
        assert apt_lists.of_the_owner("n", [SOURCE], "amd64") == names, signed_by


def test_a_key_inside_of_the_list(monkeypatch: pytest.MonkeyPatch) -> None:
    block = [f"  {line or '.'}" for line in (FOLDER / "stable.asc").read_text().splitlines()]
    text = ["Types: deb", f"URIs: {URI}", "Suites: bookworm", "Components: stable", "Signed-By:", *block]
    held = parse_lists(["list /etc/apt/sources.list.d/docker.sources", *(f" {line}" for line in text)])
    monkeypatch.setattr(apt_lists.remote, "fact", lambda *_, **__: held)
    assert apt_lists.of_the_owner("n", [SOURCE], "amd64") == ["docker"]


def test_lists_that_could_not_be_read_name_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apt_lists.remote, "fact", lambda *_, **__: None)
    assert apt_lists.found_on("n", [SOURCE]) is None
    assert apt_lists.of_the_owner("n", [SOURCE], "amd64") == []
