"""Every package that a host needs: the repositories first, then all of them in one transaction."""

from __future__ import annotations

from cluster import sources
from cluster.documents import api_endpoint
from cluster.model import Cluster, Host
from cluster.versions import InstallPlan
from engine.phase import phase
from engine.pins import trust
from operations import apt, files
from operations.install_plan import host_install_plan
from phases.coordination import given_certificate

# What an image may lack that reads repositories over HTTPS.
READERS = ("ca-certificates", "curl")
TOOLS = ("gpg", "iptables", "nftables")
NODE_TOOLS = ("conntrack", "ethtool")
KUBERNETES = ("kubeadm", "kubelet", "kubectl")
OWNED = files.Owned(
    node=sources.paths_of("kubernetes") + sources.paths_of("docker"),
    machine=(*sources.paths_of("tailscale"), apt.FOLDER),
)


@phase("Packages")
def install_packages(cluster: Cluster, host: Host) -> None:
    """Install all that later phases configure and start."""
    found = host_install_plan()
    apt.packages(name="Install the tools that apt repositories need", wanted=[apt.Wanted(reader) for reader in READERS])
    name_repositories(cluster, host, found)
    apt.packages(name="Install the packages", wanted=_packages(cluster, host, found))


def name_repositories(cluster: Cluster, host: Host, found: InstallPlan) -> None:
    """Name to apt where the declared versions are, and who signs them."""
    repositories = _repositories(cluster, host, found)
    if repositories:
        apt.signing_keys(name="Install the repositories' signing keys", sources=repositories)
        files.write(
            name="Write the apt repositories",
            files=[files.File(source.list_path, source.line(found.architecture)) for source in repositories],
        )


def tailscale(cluster: Cluster, host: Host, found: InstallPlan) -> apt.Wanted:
    """tailscale, from where the site gets it."""
    sent = None
    if host.site.mirrors.tailscale == "push":
        sent = apt.Pushed(_tailscale(host, found), found.architecture, trust().ca)
    return apt.Wanted("tailscale", cluster.tailscale_version, sent=sent)


def _repositories(cluster: Cluster, host: Host, found: InstallPlan) -> list[sources.AptSource]:
    """Those that the host reads by itself."""
    listed = []
    if host.site.mirrors.tailscale != "push":
        listed.append(_tailscale(host, found))
    if host.is_node:
        listed.append(sources.kubernetes(cluster, host.site, trust()))
    if host.is_node and host.runtime_source != "distribution":
        listed.append(sources.docker(host.site, trust(), found.distribution, found.codename))
    return listed


def _tailscale(host: Host, found: InstallPlan) -> sources.AptSource:
    return sources.tailscale(host.site, trust(), found.distribution, found.codename)


def _packages(cluster: Cluster, host: Host, found: InstallPlan) -> list[apt.Wanted]:
    """Of the distribution: what it has. Of other repositories: the declared versions."""
    listed = [*map(apt.Wanted, TOOLS), tailscale(cluster, host, found)]
    if host.is_gateway:
        listed += map(apt.Wanted, _of_the_gateway(cluster))
    if host.is_node:
        listed += [*map(apt.Wanted, NODE_TOOLS), *_of_a_node(cluster, found)]
    return listed


def _of_the_gateway(cluster: Cluster) -> list[str]:
    certbot = [] if given_certificate(cluster) else ["certbot"]
    return ["nginx", *certbot, *(["libnginx-mod-stream"] if api_endpoint.is_forwarded(cluster) else [])]


def _of_a_node(cluster: Cluster, found: InstallPlan) -> list[apt.Wanted]:
    # A distribution's containerd gets its security updates; the declared one of Docker's repository stays as it is.
    is_docker = found.containerd_package == "containerd.io"
    version = f"{cluster.containerd_version}-*" if found.containerd_pinned else None
    runtime = apt.Wanted(found.containerd_package, version, held=is_docker)
    return [runtime, *(apt.Wanted(package, f"{cluster.kubernetes_version}-*", held=True) for package in KUBERNETES)]
