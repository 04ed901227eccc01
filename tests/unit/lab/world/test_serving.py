"""What publishers are asked for, from the world."""

from __future__ import annotations

from lab.world.serving import wanted
from tests.unit.lab.worlds import behind, world


def test_versions_and_releases_of_the_hosts() -> None:
    planned = world(
        away=behind("192.168.1.2", "192.0.2.9", 2222, rehearsal={"release": "trixie"}, runtime_source="distribution"),
        member=behind("192.168.1.3", "192.0.2.9", 2223, rehearsal={"release": "bullseye"}, roles=()),
    )
    asked = wanted(planned, ("amd64",), [("kubernetes", "1.35.4"), ("cni_plugins", "1.9.0")])
    assert [cluster.kubernetes_version for cluster in asked.clusters] == ["1.36.3", "1.35.4", "1.36.3"]
    assert [cluster.cni_plugins_version for cluster in asked.clusters] == ["1.9.1", "1.9.1", "1.9.0"]
    assert asked.releases == ("bookworm", "bullseye", "trixie")
    assert asked.docker_releases == ("bookworm",), "others get no containerd from Docker"
