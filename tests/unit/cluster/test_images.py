"""Which images a node needs, and from where its site gets them."""

from __future__ import annotations

from cluster import images
from cluster.documents import flannel
from tests.unit.cluster.test_tasks import THREE

NAMED = (
    "registry.k8s.io/kube-apiserver:v1.36.3",
    "registry.k8s.io/kube-controller-manager:v1.36.3",
    "registry.k8s.io/kube-scheduler:v1.36.3",
    "registry.k8s.io/kube-proxy:v1.36.3",
    "registry.k8s.io/coredns/coredns:v1.14.2",
    "registry.k8s.io/pause:3.10.2",
    "registry.k8s.io/etcd:3.6.8-0",
)
PROXY, DNS, PAUSE = NAMED[3:6]


def test_a_worker_needs_no_image_of_the_control_plane() -> None:
    assert images.needed(THREE, THREE.host("core1"), NAMED) == (*NAMED, *flannel.images(THREE))
    assert images.needed(THREE, THREE.host("edge1"), NAMED) == (PROXY, DNS, PAUSE, *flannel.images(THREE))


def test_mirrors_are_asked_first_and_a_registry_out_of_reach_never() -> None:
    open_site = THREE.host("edge1")
    assert images.sources(open_site, NAMED) == {"registry.k8s.io": ("https://registry.k8s.io",)}
    mirrors = open_site.site.mirrors.model_copy(update={"registries": {"registry.k8s.io": ("https://m.example/",)}})
    for blocked, wanted in (
        ((), ("https://m.example", "https://registry.k8s.io")),
        (("registry.k8s.io",), ("https://m.example",)),
    ):
        site = open_site.site.model_copy(update={"mirrors": mirrors, "blocked": blocked})
        assert images.sources(open_site.model_copy(update={"site": site}), NAMED) == {"registry.k8s.io": wanted}


def test_an_image_is_cut_off_where_no_address_of_its_registry_answers() -> None:
    asked = {"registry.k8s.io": ("https://m.example", "https://registry.k8s.io"), "ghcr.io": ("https://ghcr.io",)}
    both = [PAUSE, "ghcr.io/flannel-io/flannel:v0.28.10"]
    assert images.unreachable_images(both, asked, ["https://m.example"]) == both[1:]
    assert images.unreachable_images(both, asked, ["https://m.example", "https://ghcr.io"]) == []
    assert images.unreachable_images(both, asked, []) == both
