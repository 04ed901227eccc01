"""CNI plugins are unpacked once, and again if one of them differs."""

from __future__ import annotations

import hashlib
from dataclasses import replace

from cluster.observed.cni import Installed
from cluster.sources import Download
from facts.cni import Plugins
from operations import cni
from tests.unit.operations.fake_host import commands

ARCHIVE = Download(
    "https://mirror/plugins.tgz", "https://github.com/plugins.tgz", hashlib.sha256(b"it").hexdigest(), ""
)


def test_plugins_are_unpacked_once_and_again_when_one_of_them_was_changed() -> None:
    def ran(found: Installed, executing: bool = True) -> list[str]:
        return commands(cni.plugins, {Plugins: found}, executing=executing, download=ARCHIVE, ca=None)

    there = Installed(ARCHIVE.official_url, ARCHIVE.sha256 or "", True)
    assert ran(there) == []
    assert len(ran(replace(there, intact=False))) == 1
    assert len(ran(replace(there, sha256="0" * 64))) == 1
    assert ran(Installed("", "", False), executing=False) == ["true"]
