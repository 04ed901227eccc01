"""Every node with containerd and the CNI plugins; nothing runs in it yet."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pyinfra

from cluster import sources
from cluster.documents import containerd as configuration
from cluster.documents import kubeadm
from cluster.images import needed
from cluster.model import Cluster, Host
from cluster.versions import InstallPlan
from engine.phase import phase
from engine.pins import trust
from engine.templates import render
from facts.containerd import Config
from facts.kubernetes import Images, Resolver
from operations import cni, containerd, files, images, systemd
from operations.install_plan import host_install_plan, kubelet_settings_of

BINARY = "/usr/bin/containerd"
KUBELET_DROP_IN = "/etc/systemd/system/kubelet.service.d/20-isthmus.conf"
OWNED = files.Owned(node=(KUBELET_DROP_IN, configuration.CONFIG_PATH, "/opt/cni/isthmus.*"))


@phase("containerd")
def run_containerd(cluster: Cluster, host: Host) -> None:
    """Install and configure what pods need on every node."""
    if not host.is_node:
        return
    files.write(
        name="Write registry mirrors and kubelet's settings",
        files=[
            *_mirrors(host),
            files.File(KUBELET_DROP_IN, render("containerd/kubelet-waits.conf")),
            files.File(kubeadm.KUBELET_PATCH, lambda: _kubelet_patch(host.name), mode="600"),
        ],
        # Here, so that nothing is left for the operation that starts kubelet, which a preview could not foresee.
        then="systemctl daemon-reload",
    )
    unpack_plugins(cluster, host, host_install_plan())
    configure_containerd(host.name, lambda: containerd_config(host.name))
    images.prefetch(name="Prefetch the images", images=lambda: _images(cluster, host))


def unpack_plugins(cluster: Cluster, host: Host, found: InstallPlan) -> None:
    """Have the CNI plugins as published."""
    cni.plugins(
        name="Unpack the CNI plugins",
        download=sources.cni_plugins(cluster, host.site, trust(), found.architecture),
        ca=trust().ca,
    )


def configure_containerd(name: str, config: Callable[[], str | None], reads: Sequence[str] = ()) -> None:
    """Write containerd's configuration, see that it is understood, and have it in force, and what else it `reads` when it starts."""
    written = files.write(
        name="Write containerd's configuration", files=[files.File(configuration.CONFIG_PATH, config)]
    )
    containerd.check_config(name="Check containerd's configuration", wanted=lambda: _settings(name))
    systemd.service(
        name="Start containerd",
        unit="containerd.service",
        reads=[configuration.CONFIG_PATH, *reads],
        restarted_by=[written],
    )


def _mirrors(host: Host) -> list[files.File]:
    return [
        files.File(f"{folder}/hosts.toml", configuration.hosts_file(registry, host.site))
        for registry, folder in mirror_folders(host).items()
    ]


def mirror_folders(host: Host) -> dict[str, str]:
    """Registry → the folder on the host that has its mirrors."""
    return {registry: f"{configuration.MIRRORS_PATH}/{registry}" for registry in host.site.mirrors.registries}


def _kubelet_patch(name: str) -> str | None:
    resolver = pyinfra.host.get_fact(Resolver)
    return None if resolver is None else kubeadm.kubelet_patch(resolver, kubelet_settings_of(name))


def _images(cluster: Cluster, host: Host) -> list[str] | None:
    named = pyinfra.host.get_fact(Images)
    return list(needed(cluster, host, named)) if named else None


def _settings(name: str) -> configuration.Settings | None:
    pause = [image for image in pyinfra.host.get_fact(Images) or () if "/pause:" in image]
    if not pause:
        return None
    return configuration.Settings(pause[0], restrict_oom_score_adj=kubelet_settings_of(name).restrict_oom_score_adj)


def containerd_config(name: str) -> str | None:
    """The configuration for the containerd and kubeadm that are there; None where they are not."""
    found, settings = pyinfra.host.get_fact(Config), _settings(name)
    return configuration.config(found.version, settings) if found and found.version and settings else None
