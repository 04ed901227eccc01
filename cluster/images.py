"""The images that a node runs, and the addresses from which its site pulls them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from cluster.documents import flannel
from cluster.model import Cluster, Host

# Of kubeadm's images, these run on control planes only.
_CONTROL_PLANE = ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "etcd")


def needed(cluster: Cluster, host: Host, kubernetes: Iterable[str]) -> tuple[str, ...]:
    """The images that `host` may run: its part of kubeadm's images (`kubernetes`), and flannel's."""
    own = (image for image in kubernetes if host.is_control_plane or _short_name(image) not in _CONTROL_PLANE)
    return (*own, *flannel.images(cluster))


def sources(host: Host, images: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Registry of the images → the URLs from which containerd pulls at the host's site, in containerd's order."""
    registries = dict.fromkeys(registry(image) for image in images)
    return {name: _addresses(host, name) for name in registries}


def registry(image: str) -> str:
    """The registry in a full image name, such as registry.k8s.io."""
    return image.partition("/")[0]


def unreachable_images(
    images: Sequence[str], sources: Mapping[str, Sequence[str]], answering: Sequence[str]
) -> list[str]:
    """The images whose registry has no URL that answers. `sources`: registry → URLs; `answering`: URLs that answer."""
    return [image for image in images if not set(sources[registry(image)]) & set(answering)]


def _addresses(host: Host, name: str) -> tuple[str, ...]:
    mirrors = tuple(url.rstrip("/") for url in host.site.mirrors.registries.get(name, ()))
    # containerd sends no request to a blocked registry that has a mirror (see hosts_file in documents/containerd.py).
    return mirrors if mirrors and host.site.blocks(name) else (*mirrors, f"https://{name}")


def _short_name(image: str) -> str:
    return image.rpartition("/")[2].partition(":")[0]
