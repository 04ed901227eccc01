"""Which images a node runs, and where its site fetches them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from cluster.documents import flannel
from cluster.model import Cluster, Host

# Of what kubeadm names, these run on control planes only.
_CONTROL_PLANE = ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "etcd")


def needed(cluster: Cluster, host: Host, kubernetes: Iterable[str]) -> tuple[str, ...]:
    """Of the images that kubeadm names, those that `host` may run, and flannel's."""
    own = (image for image in kubernetes if host.is_control_plane or _short_name(image) not in _CONTROL_PLANE)
    return (*own, *flannel.images(cluster))


def sources(host: Host, images: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Registry of the images → the addresses that containerd asks for it from the host's site, in its order."""
    registries = dict.fromkeys(registry(image) for image in images)
    return {name: _addresses(host, name) for name in registries}


def registry(image: str) -> str:
    """The registry that a full image name begins with."""
    return image.partition("/")[0]


def unreachable_images(
    images: Sequence[str], asked: Mapping[str, Sequence[str]], answering: Sequence[str]
) -> list[str]:
    """The images for which none of their registry's addresses answers."""
    return [image for image in images if not set(asked[registry(image)]) & set(answering)]


def _addresses(host: Host, name: str) -> tuple[str, ...]:
    mirrors = tuple(url.rstrip("/") for url in host.site.mirrors.registries.get(name, ()))
    # With a mirror, a registry that the site can't reach is not asked at all.
    return mirrors if mirrors and name in host.site.blocked else (*mirrors, f"https://{name}")


def _short_name(image: str) -> str:
    return image.rpartition("/")[2].partition(":")[0]
