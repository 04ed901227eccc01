"""The parts of what a lab serves, each with its publisher's names, and what is built in its place. Derived from cluster/sources.py."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cached_property

from cluster import sources
from cluster.documents import flannel
from cluster.model import Cluster, Mirrors, Site
from cluster.sources import AptSource, Download, Pins
from lab.mirror import images
from lab.mirror.official import apt, registry, releases
from lab.mirror.official.client import Client
from lab.mirror.official.store import Files, Store
from lab.mirror.packages import SUITES
from lab.mirror.request import machine_architecture

KUBERNETES_PACKAGES = ("kubeadm", "kubelet", "kubectl")


@dataclass(frozen=True)
class Wanted:
    """What a lab needs. `clusters`: the declared one, and one more for each other version that the mirror serves.

    `releases`: codenames of the hosts' releases; `docker_releases`: those of the nodes with Docker's containerd.
    """

    clusters: tuple[Cluster, ...]
    architectures: tuple[str, ...]
    releases: tuple[str, ...]
    docker_releases: tuple[str, ...] = ()
    pins: Pins = field(default_factory=Pins)

    @cached_property
    def site(self) -> Site:
        """A site that reaches every official name."""
        return self.clusters[0].sites[0].model_copy(update={"mirrors": Mirrors()})


@dataclass(frozen=True)
class Asker:
    """Ask for one part of what is wanted."""

    client: Client
    store: Store
    wanted: Wanted

    def repository(self, source: AptSource, wanted: dict[str, str], architectures: tuple[str, ...]) -> Files:
        """The files of one suite."""
        return apt.fetch(self.client, self.store, apt.Repository(source, wanted, architectures))

    def images(self, names: Iterable[str]) -> Files:
        """The files of images."""
        found: Files = {}
        for name in names:
            found |= registry.image(self.client, self.store, name, self.wanted.architectures)
        return found

    def downloads(self, how: Callable[[Cluster, Site, Pins, str], Download]) -> Files:
        """The files of a release, for each architecture."""
        found: Files = {}
        for cluster in self.wanted.clusters:
            for architecture in self.wanted.architectures:
                download = how(cluster, self.wanted.site, self.wanted.pins, architecture)
                found |= releases.fetch(self.client, self.store, download)
        return found


def kubernetes(asker: Asker) -> Files:
    """pkgs.k8s.io; this machine runs the kubeadm and kubectl of its own architecture, too."""
    wanted = asker.wanted
    architectures = tuple(dict.fromkeys((*wanted.architectures, machine_architecture())))

    found: Files = {}
    for version, cluster in {cluster.kubernetes_version: cluster for cluster in wanted.clusters}.items():
        source = sources.kubernetes(cluster, wanted.site, wanted.pins)
        found |= asker.repository(source, dict.fromkeys(KUBERNETES_PACKAGES, f"{version}-*"), architectures)
    return found


def docker(asker: Asker) -> Files:
    """containerd.io for the releases of the nodes that have it from Docker."""
    wanted = asker.wanted
    found: Files = {}
    for release in wanted.docker_releases or wanted.releases:
        source = sources.docker(wanted.site, wanted.pins, distribution(release), release)
        for version in dict.fromkeys(cluster.containerd_version for cluster in wanted.clusters):
            found |= asker.repository(source, {"containerd.io": f"{version}-*"}, wanted.architectures)
    return found


def tailscale(asker: Asker) -> Files:
    """The package tailscale for all hosts' releases."""
    wanted = asker.wanted
    found: Files = {}
    for release in wanted.releases:
        source = sources.tailscale(wanted.site, wanted.pins, distribution(release), release)
        for version in dict.fromkeys(cluster.tailscale_version for cluster in wanted.clusters):
            found |= asker.repository(source, {"tailscale": version}, wanted.architectures)
    return found


def distribution(release: str) -> str:
    """The name of a release's distribution in Docker's and tailscale's addresses."""
    return "debian" if release in SUITES else "ubuntu"


def control_plane_images(asker: Asker) -> Files:
    """Kubernetes' own programs as images; their tag is the version."""
    versions = dict.fromkeys(cluster.kubernetes_version for cluster in asker.wanted.clusters)
    return asker.images(f"registry.k8s.io/{name}:v{version}" for version in versions for name in images.KUBERNETES)


def flannel_images(asker: Asker) -> Files:
    """The two images of the pod network, under the names in the deploy's manifest."""
    return asker.images(dict.fromkeys(name for cluster in asker.wanted.clusters for name in flannel.images(cluster)))


@dataclass(frozen=True)
class Part:
    """`host`: the name that is asked. `builds`: what serves it if it is built. `check`: what vouches for it.

    `pin`: its name among the key fingerprints, if it is an apt repository.
    """

    host: str
    builds: tuple[str, ...]
    ask: Callable[[Asker], Files]
    check: str = "digest"
    pin: str = ""


KUBERNETES = "Kubernetes' packages"
LISTED_IMAGES = "images that kubeadm lists"
_KEY, _HASH = "the pinned key", "the deploy's hash"
PARTS: dict[str, Part] = {
    KUBERNETES: Part("pkgs.k8s.io", ("kubernetes-debs", "cni-debs"), kubernetes, _KEY, "kubernetes"),
    "Docker's packages": Part("download.docker.com", ("docker-debs",), docker, _KEY, "docker"),
    "tailscale's packages": Part("pkgs.tailscale.com", ("tailscale-debs",), tailscale, _KEY, "tailscale"),
    "headscale's package": Part(
        "github.com", ("headscale-debs",), lambda asker: asker.downloads(sources.headscale), _HASH
    ),
    "CNI plugins": Part("github.com", ("cni-archive",), lambda asker: asker.downloads(sources.cni_plugins), _HASH),
    "Kubernetes' images": Part(
        "registry.k8s.io", tuple(f"image-{name}" for name in images.KUBERNETES), control_plane_images
    ),
    # Asked after KUBERNETES, whose kubeadm names them: choice.py.
    LISTED_IMAGES: Part("registry.k8s.io", ("image-coredns", "image-etcd", "image-pause"), lambda asker: {}),
    "flannel's images": Part("ghcr.io", ("image-flannel", "image-flannel-cni-plugin"), flannel_images),
    # busybox is always built: the lab's own images stand on it.
    "verify's test image": Part("registry.k8s.io", (), lambda asker: asker.images(images.BUSYBOX[:1])),
    "Docker Hub's busybox": Part("registry-1.docker.io", (), lambda asker: asker.images(images.BUSYBOX[1:])),
}
