"""A backup is brought back only to what it is a backup of, and only whole."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cluster import backups
from cluster.backups import Manifest
from lab.load_inventory import load
from tests.places import INVENTORIES

SMALL = load(INVENTORIES / "day-two" / "inventory.py")
GOOD = Manifest(
    cluster="calm",
    made="2026-11-24T15:00:00Z",
    kubernetes=SMALL.kubernetes_version,
    headscale=SMALL.headscale_version,
    control_planes=("hub",),
    declared=backups.declared(SMALL),
    addresses={"hub": "100.64.10.1"},
    files=dict.fromkeys(("etcd.age", "pki.age", "headscale.age"), "0" * 64),
)


def told(about: Manifest) -> str:
    return "\n".join(str(problem) for problem in backups.incompatibilities(about, SMALL, "build/backups/x"))


def test_a_manifest_is_read_as_it_was_written() -> None:
    assert backups.parse(GOOD.text()) == GOOD


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": 1}', '{"format": 1, "control_planes": 3}'])
def test_what_is_no_manifest_is_said_to_be_none(text: str) -> None:
    with pytest.raises(ValueError, match="it is no manifest"):
        backups.parse(text)


def test_another_format_is_not_guessed_at() -> None:
    with pytest.raises(ValueError, match="another version"):
        backups.parse(GOOD.text().replace('"format": 1', '"format": 2'))


def test_it_fits_its_own_cluster_also_after_a_patch_release() -> None:
    assert told(GOOD) == ""
    assert told(replace(GOOD, kubernetes=f"{SMALL.kubernetes_version.rpartition('.')[0]}.99")) == ""


@pytest.mark.parametrize(
    ("about", "said"),
    [
        (replace(GOOD, cluster="other"), "it is a backup of other, not of calm"),
        (replace(GOOD, kubernetes="1.30.1"), 'write kubernetes_version = "1.30.1", restore, then upgrade'),
        (replace(GOOD, headscale="0.20.0"), 'write headscale_version = "0.20.0"'),
        (replace(GOOD, files={"pki.age": "0"}), "it lacks etcd.age, headscale.age"),
        (replace(GOOD, control_planes=("old",)), "give the new machine the old name"),
        (replace(GOOD, declared={**GOOD.declared, "pod_cidr": "10.9.0.0/16"}), 'fix   write pod_cidr = "10.9.0.0/16"'),
    ],
)
def test_what_does_not_fit_is_told_where_what_why_fix(about: Manifest, said: str) -> None:
    assert said in told(about)
