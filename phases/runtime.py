"""Every node with containerd, the CNI plugins, and Kubernetes' packages; nothing runs in it yet."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from pyinfra import host

from cluster import containerd as configuration
from cluster import kubeadm, sources
from cluster.model import Cluster, Host
from cluster.versions import Grant
from facts.containerd import Config
from facts.kubernetes import Images, Resolver
from operations import apt, cni, containerd, files, systemd
from phases import phase
from phases.decided import decision, granted
from phases.declared import cluster, here
from phases.templates import render
from phases.trust import trust

KUBERNETES = ("kubeadm", "kubelet", "kubectl")
BINARY = "/usr/bin/containerd"
KUBELET_DROP_IN = "/etc/systemd/system/kubelet.service.d/20-isthmus.conf"


@phase("Runtime")
def run_containerd() -> None:
    """Install and configure what pods need on every node."""
    whole, this = cluster(), here()
    if not this.is_node:
        return
    found = granted()
    name_repositories(whole, this, found)
    apt.packages(name="Install containerd and Kubernetes' packages", wanted=_packages(whole, found))
    unpack_plugins(whole, this, found)
    configure_containerd(this.name, lambda: containerd_config(this.name))


def name_repositories(whole: Cluster, this: Host, found: Grant) -> None:
    """Write where packages and images come from, and what kubelet is told on this host."""
    repositories = _repositories(whole, this, found)
    kubernetes = repositories[0]
    apt.signing_key(
        name="Keep Kubernetes' signing key",
        path=kubernetes.keyring,
        url=kubernetes.key_url,
        fingerprint=kubernetes.fingerprint,
    )
    if len(repositories) > 1:
        docker = repositories[1]
        apt.signing_key(
            name="Keep Docker's signing key", path=docker.keyring, url=docker.key_url, fingerprint=docker.fingerprint
        )
    files.write(
        name="Write repositories, registry mirrors and kubelet's settings",
        files=[
            *(files.File(source.list_path, source.line(found.architecture)) for source in repositories),
            *_mirrors(this),
            files.File(KUBELET_DROP_IN, render("runtime/kubelet-waits.conf")),
            files.File(kubeadm.KUBELET_PATCH, lambda: _kubelet_patch(this.name), mode="600"),
        ],
    )


def unpack_plugins(whole: Cluster, this: Host, found: Grant) -> None:
    """Have the CNI plugins as published."""
    cni.plugins(
        name="Unpack the CNI plugins",
        download=sources.cni_plugins(whole, this.site, trust(), found.architecture),
        ca=trust().ca,
    )


def configure_containerd(name: str, config: Callable[[], str | None], reads: Sequence[str] = ()) -> None:
    """Write containerd's configuration, see that it is understood, and have it in force, and what else it `reads` when it starts."""
    written = files.write(
        name="Write containerd's configuration", files=[files.File(configuration.CONFIG_PATH, config)]
    )
    containerd.understood(name="Read containerd's configuration back", wanted=lambda: _settings(name))
    systemd.service(
        name="Start containerd",
        unit="containerd.service",
        reads=[configuration.CONFIG_PATH, *reads],
        restarted_by=[written],
    )


def _repositories(whole: Cluster, this: Host, found: Grant) -> list[sources.AptSource]:
    kubernetes = sources.kubernetes(whole, this.site, trust())
    if this.runtime_source == "distribution":
        return [kubernetes]
    return [kubernetes, sources.docker(this.site, trust(), found.distribution, found.codename)]


def _mirrors(this: Host) -> list[files.File]:
    return [
        files.File(f"{configuration.MIRRORS_PATH}/{registry}/hosts.toml", configuration.hosts_file(registry, this.site))
        for registry in this.site.mirrors.registries
    ]


def _packages(whole: Cluster, found: Grant) -> list[apt.Wanted]:
    # A distribution's containerd gets its security updates; the declared one of Docker's repository stays as it is.
    is_docker = found.containerd_package == "containerd.io"
    version = f"{whole.containerd_version}-*" if found.containerd_pinned else None
    runtime = apt.Wanted(found.containerd_package, version, held=is_docker)
    return [runtime, *(apt.Wanted(package, f"{whole.kubernetes_version}-*", held=True) for package in KUBERNETES)]


def _kubelet_patch(name: str) -> str | None:
    resolver = host.get_fact(Resolver)
    return None if resolver is None else kubeadm.kubelet_patch(resolver, decision(name))


def _settings(name: str) -> configuration.Settings | None:
    pause = [image for image in host.get_fact(Images) or () if "/pause:" in image]
    if not pause:
        return None
    return configuration.Settings(pause[0], restrict_oom_score_adj=decision(name).restrict_oom_score_adj)


def containerd_config(name: str) -> str | None:
    """The configuration for the containerd and kubeadm that are there; None where they are not."""
    found, settings = host.get_fact(Config), _settings(name)
    return configuration.config(found.version, settings) if found and found.version and settings else None
