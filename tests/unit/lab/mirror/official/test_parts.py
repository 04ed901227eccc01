"""Each part against each wrong answer, for each kind of file: a reason, and nothing of it is kept."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cluster.sources import Pins
from lab.mirror.names import NAMES
from lab.mirror.official.client import Client, NotHad
from lab.mirror.official.parts import PARTS, Asker, Wanted
from tests.unit.lab.mirror.official import publisher
from tests.unit.lab.mirror.official.publisher import DOCKER, Key
from tests.unit.lab.mirror.official.upstream import Upstream

DOCKERS, PLUGINS, HEADSCALES = "Docker's packages", "CNI plugins", "headscale's package"
TEST_IMAGE = "verify's test image"
# Part, end of an address, and the reason for a changed content.
FILES = [
    (DOCKERS, "debian/gpg", "not the pinned|can't be read|not signed"),
    (DOCKERS, "InRelease", "is not signed by the pinned key"),
    (DOCKERS, "Packages.gz", "Packages.gz has the sha256"),
    (DOCKERS, ".deb", "bookworm_amd64.deb has the sha256"),
    (PLUGINS, ".tgz", "amd64-v1.9.1.tgz has the sha256"),
    (HEADSCALES, ".deb", "linux_amd64.deb has the sha256"),
    (HEADSCALES, "checksums.txt", "has the sha256|does not list"),
    (TEST_IMAGE, "1.36.1-1", "the answer is no JSON object|is no sha256 digest"),
]
REASONS = {"500": "answers 500", "truncated": r"ended after \d+ of \d+ bytes", "half": "", "other": ""}


@pytest.mark.parametrize("how", REASONS)
@pytest.mark.parametrize(("part", "ending", "changed"), FILES)
def test_a_wrong_answer_is_a_reason_and_is_not_kept(
    asker: Asker, served: Upstream, part: str, ending: str, changed: str, how: str
) -> None:
    served.answers = {ending: how}
    with pytest.raises(NotHad, match=REASONS[how] or changed):
        PARTS[part].ask(asker)
    held = {file.name for file in asker.store.kept.iterdir()}
    wrong = [content for address, content in served.files.items() if address.endswith(ending)]
    assert held.isdisjoint(publisher.sha256(content) for content in wrong)
    assert all(publisher.sha256(file.read_bytes()) == file.name for file in asker.store.kept.iterdir())
    assert list(asker.store.drafts.iterdir()) == []
    if how == "truncated":
        served.answers = {}
        assert PARTS[part].ask(asker), "the next try is not spoilt by this one"


@pytest.mark.parametrize(("part", "ending"), [(DOCKERS, "InRelease"), (PLUGINS, ".tgz"), (TEST_IMAGE, "1.36.1-1")])
def test_a_silent_name_is_given_up(asker: Asker, served: Upstream, part: str, ending: str) -> None:
    served.answers = {ending: "hang"}
    impatient = Asker(Client(0.15), asker.store, asker.wanted)
    with pytest.raises(NotHad, match=r"no answer within 0\.15 s"):
        PARTS[part].ask(impatient)
    assert list(asker.store.drafts.iterdir()) == []


def test_a_right_key_does_not_vouch_for_anothers_signature(
    asker: Asker, served: Upstream, keys: dict[str, Key]
) -> None:
    served.files |= {**publisher.docker(keys["stranger"]), f"{DOCKER}/gpg": keys["publisher"].armored}
    with pytest.raises(NotHad, match="is not signed by the pinned key"):
        PARTS[DOCKERS].ask(asker)


def test_what_a_publisher_lacks_is_named(asker: Asker, served: Upstream) -> None:
    arm64 = replace(asker.wanted, architectures=("amd64", "arm64"))
    with pytest.raises(NotHad, match=r"has no containerd\.io 2\.3\.7-\* for arm64"):
        PARTS[DOCKERS].ask(replace(asker, wanted=arm64))
    trixie = replace(asker.wanted, docker_releases=("bookworm", "trixie"))
    with pytest.raises(NotHad, match="trixie/InRelease answers 404"):
        PARTS[DOCKERS].ask(replace(asker, wanted=trixie))


def test_without_a_pin_the_publishers_list_decides(asker: Asker, served: Upstream, wanted: Wanted) -> None:
    """As in the deploy: a version that cluster/sources.py does not pin."""
    newer = publisher.CNI.replace("1.9.1", "1.9.2")
    served.files |= {
        newer: b"newer",
        f"{newer}.sha256": f"{publisher.sha256(b'newer')}  {newer.rpartition('/')[2]}\n".encode(),
    }
    declared = wanted.clusters[0].model_copy(update={"cni_plugins_version": "1.9.2"})
    unpinned = Wanted((declared,), ("amd64",), ("bookworm",))
    found = PARTS[PLUGINS].ask(Asker(asker.client, asker.store, unpinned))
    assert set(found) == {newer, f"{newer}.sha256"}
    assert found[newer].read_bytes() == b"newer"


def test_every_part_is_asked_at_a_name_that_the_mirror_serves() -> None:
    assert {part.host for part in PARTS.values()} <= set(NAMES)
    assert {part.pin for part in PARTS.values()} - {""} == set(Pins().key_fingerprints)
