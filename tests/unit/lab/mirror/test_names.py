from __future__ import annotations

import pytest

from lab.mirror import ACME, DISTRIBUTION, MIRRORS, NAMES, OFFICIAL
from lab.mirror.names import locate, registries

CASES = [
    ("pkgs.k8s.io", "/core:/stable:/v1.36/deb/InRelease", "pkgs.k8s.io/core:/stable:/v1.36/deb/InRelease"),
    (
        "mirrors.aliyun.com",
        "/kubernetes-new/core/stable/v1.36/deb/Release",
        "pkgs.k8s.io/core:/stable:/v1.36/deb/Release",
    ),
    ("mirrors.aliyun.com", "/docker-ce/linux/debian/gpg", "download.docker.com/linux/debian/gpg"),
    ("mirrors.tuna.tsinghua.edu.cn", "/kubernetes/core:/stable:/v1.36/deb/x", "pkgs.k8s.io/core:/stable:/v1.36/deb/x"),
    ("files.m.daocloud.io", "/github.com/a/b", "github.com/a/b"),
    ("registry.k8s.io", "/v2/pause/manifests/3.10.2", "registry.k8s.io/v2/pause/manifests/3.10.2"),
    ("k8s.m.daocloud.io", "/v2/coredns/coredns/manifests/v1", "registry.k8s.io/v2/coredns/coredns/manifests/v1"),
    ("m.daocloud.io", "/v2/ghcr.io/flannel-io/flannel/manifests/v1", "ghcr.io/v2/flannel-io/flannel/manifests/v1"),
    ("registry.aliyuncs.com", "/v2/google_containers/coredns/blobs/x", "registry.k8s.io/v2/coredns/coredns/blobs/x"),
    ("registry.aliyuncs.com", "/v2/google_containers/etcd/blobs/x", "registry.k8s.io/v2/etcd/blobs/x"),
    ("deb.debian.org", "/debian/dists/bookworm/InRelease", "debian:debian/dists/bookworm/InRelease"),
    ("security.debian.org", "/debian-security/dists/x", "debian:debian-security/dists/x"),
    ("mirrors.cloud.tencent.com", "/debian/pool/x.deb", "debian:debian/pool/x.deb"),
    ("mirrors.aliyun.com", "/elsewhere/x", None),
    ("registry.aliyuncs.com", "/v2/flannel-io/flannel/manifests/v1", None),
    ("files.m.daocloud.io", "/example.org/x", None),
    ("example.org", "/core:/stable:/v1.36/deb/InRelease", None),
    ("pkgs.k8s.io", "/../openpgp/secret.asc", None),
    ("pkgs.k8s.io", "/core:/.hidden", None),
    ("pkgs.k8s.io", "/a//b", None),
]


@pytest.mark.parametrize(("host", "path", "place"), CASES)
def test_every_name_shows_its_subtree(host: str, path: str, place: str | None) -> None:
    assert locate(host, path) == place


def test_names_are_of_one_kind_only() -> None:
    assert set(OFFICIAL).isdisjoint(MIRRORS)
    assert set(NAMES) == {*OFFICIAL, *MIRRORS, ACME}
    assert set(DISTRIBUTION) <= set(OFFICIAL)


def test_registries_are_fewer_than_mirrors() -> None:
    found = registries()
    assert {"registry.k8s.io", "ghcr.io", "registry-1.docker.io", "k8s.m.daocloud.io"} <= set(found)
    assert not {"deb.debian.org", "pkgs.k8s.io", "mirrors.aliyun.com", "files.m.daocloud.io"} & set(found)
