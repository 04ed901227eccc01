"""Where downloads come from, and by what they are proved."""

from __future__ import annotations

from cluster import sources, versions
from cluster.inventory.declare import declare
from tests.unit.cluster.inventory.test_errors import spoiled


def test_a_declared_hash_proves_what_is_not_pinned() -> None:
    name = f"headscale_{versions.DEFAULT_HEADSCALE}_linux_arm64.deb"
    cluster = declare(spoiled({"all": {"sha256": {name: "a" * 64, "cni-plugins-linux-amd64-v1.9.1.tgz": "b" * 64}}}))
    site = cluster.coordinator.site
    assert sources.headscale(cluster, site, sources.Pins(), "arm64").sha256 == "a" * 64
    assert sources.headscale(cluster, site, sources.Pins(), "amd64").sha256 is None
    # A pin of the source code can't be replaced.
    pinned = sources.cni_plugins(cluster, site, sources.Pins(), "amd64")
    assert pinned.sha256 == sources.SHA256[pinned.official_url]
