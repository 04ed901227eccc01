"""containerd's configuration says what is meant, in each of its formats, and is read back the same."""

from __future__ import annotations

import tomllib

import pytest

from cluster.documents import containerd
from cluster.model import Mirrors, Site

WANTED = containerd.Settings("registry.k8s.io/pause:3.10.2", restrict_oom_score_adj=True)


@pytest.mark.parametrize(
    ("version", "file_format"), [("1.6.20", 2), ("1.7.24", 2), ("2.0.5", 3), ("2.3.7", 3), ("2.10.0", 3)]
)
def test_the_file_has_the_format_of_its_version_and_reads_back_the_same(version: str, file_format: int) -> None:
    text = containerd.config(version, WANTED)
    assert tomllib.loads(text)["version"] == file_format
    assert containerd.differences(WANTED, containerd.parse_dump(text)) == []


def test_a_containerd_that_is_too_old_is_refused() -> None:
    with pytest.raises(ValueError, match=r"1\.6 is the oldest"):
        containerd.config("1.4.13", WANTED)


def test_dockers_packaged_file_is_seen_as_what_it_is() -> None:
    found = containerd.parse_dump('disabled_plugins = ["cri"]\n')
    wrong = containerd.differences(WANTED, found)
    assert "cri is False, not True" in wrong
    assert "systemd_cgroup is False, not True" in wrong


def test_a_blocked_registry_is_never_asked() -> None:
    mirrors = Mirrors(registries={"docker.io": ("https://one.example", "https://two.example")})
    site = Site(site="s", lan="10.0.0.0/24", nat="none", mirrors=mirrors)
    open_file = tomllib.loads(containerd.hosts_file("docker.io", site))
    assert open_file["server"] == "https://registry-1.docker.io"
    assert list(open_file["host"]) == ["https://one.example", "https://two.example"]
    blocked = site.model_copy(update={"blocked": ("docker.io",)})
    assert tomllib.loads(containerd.hosts_file("docker.io", blocked))["server"] == "https://one.example"
