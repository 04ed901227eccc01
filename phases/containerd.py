"""containerd and the CNI plugins on every node."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pyinfra

from cluster import resolvers, sources
from cluster.documents import containerd as configuration
from cluster.documents import kubeadm
from cluster.images import needed
from cluster.install_plan import InstallPlan
from cluster.model import Cluster, Host
from engine.phase import phase
from engine.templates import render
from facts.containerd import Config
from facts.kubernetes import Images
from facts.resolvers import Resolvers
from local.pins import current_pins
from operations import cni, containerd, files, images, systemd
from operations.install_plan import host_install_plan, kubelet_settings_of

BINARY = "/usr/bin/containerd"
KUBELET_DROP_IN = "/etc/systemd/system/kubelet.service.d/20-isthmus.conf"
OWNED = files.Owned(node=(KUBELET_DROP_IN, configuration.CONFIG_PATH, "/opt/cni/isthmus.*"))


@phase("containerd")
def run_containerd(cluster: Cluster, host: Host) -> None:
    """Configure and start containerd on every node, and install the CNI plugins."""
    if not host.is_node:
        return
    files.write(
        name="Write registry mirrors and kubelet's settings",
        files=[
            *_mirrors(host),
            files.File(KUBELET_DROP_IN, render("containerd/kubelet-waits.conf")),
            files.File(kubeadm.KUBELET_PATCH, lambda: _kubelet_patch(host.name), mode="600"),
        ],
        # Reload here: a preview could not predict it in the operation that starts kubelet.
        then="systemctl daemon-reload",
    )
    unpack_plugins(cluster, host, host_install_plan())
    configure_containerd(host.name, lambda: containerd_config(host.name))
    images.prefetch(name="Prefetch the images", images=lambda: _images(cluster, host))


def unpack_plugins(cluster: Cluster, host: Host, found: InstallPlan) -> None:
    """Install the declared CNI plugins. `found`: the host's install plan."""
    cni.plugins(
        name="Unpack the CNI plugins",
        download=sources.cni_plugins(cluster, host.site, current_pins(), found.architecture),
        ca=current_pins().ca,
    )


def configure_containerd(name: str, config: Callable[[], str | None], reads: Sequence[str] = ()) -> None:
    """Write containerd's configuration for the host `name`, check that containerd uses it, and restart containerd if it is outdated.

    `config`: returns the configuration, None if it is not known yet. `reads`: further files that containerd reads at its start.
    """
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
    """Registry → the folder on the host with the configuration of its mirrors."""
    return {registry: f"{configuration.MIRRORS_PATH}/{registry}" for registry in host.site.mirrors.registries}


def _kubelet_patch(name: str) -> str | None:
    found = pyinfra.host.get_fact(Resolvers)
    return None if found is None else kubeadm.kubelet_patch(resolvers.for_pods(found), kubelet_settings_of(name))


def _images(cluster: Cluster, host: Host) -> list[str] | None:
    of_kubeadm = pyinfra.host.get_fact(Images)
    return list(needed(cluster, host, of_kubeadm)) if of_kubeadm else None


def _settings(name: str) -> configuration.Settings | None:
    pause = [image for image in pyinfra.host.get_fact(Images) or () if "/pause:" in image]
    if not pause:
        return None
    return configuration.Settings(pause[0], restrict_oom_score_adj=kubelet_settings_of(name).restrict_oom_score_adj)


def containerd_config(name: str) -> str | None:
    """The configuration for the installed containerd and kubeadm; None if they are not installed yet."""
    found, settings = pyinfra.host.get_fact(Config), _settings(name)
    return configuration.config(found.version, settings) if found and found.version and settings else None
