"""All packages of a host: first the repositories, then all packages in one transaction."""

from __future__ import annotations

from cluster import sources
from cluster.documents import api_endpoint
from cluster.install_plan import InstallPlan
from cluster.model import Cluster, Host
from engine.phase import phase
from local.pins import current_pins
from operations import apt, files
from operations.install_plan import host_install_plan
from phases.coordination import own_certificate

# Needed to read repositories over HTTPS; minimal images lack them.
HTTPS_TOOLS = ("ca-certificates", "curl")
TOOLS = ("gpg", "iptables", "nftables")
NODE_TOOLS = ("conntrack", "ethtool")
KUBERNETES = ("kubeadm", "kubelet", "kubectl")
OWNED = files.Owned(
    node=sources.paths_of("kubernetes") + sources.paths_of("docker"),
    machine=(*sources.paths_of("tailscale"), apt.FOLDER),
)


@phase("Packages")
def install_packages(cluster: Cluster, host: Host) -> None:
    """Install all packages that later phases configure and start."""
    found = host_install_plan()
    apt.packages(name="Install the tools that apt repositories need", wanted=[apt.Wanted(tool) for tool in HTTPS_TOOLS])
    write_repositories(cluster, host, found)
    apt.packages(name="Install the packages", wanted=_packages(cluster, host, found))


def write_repositories(cluster: Cluster, host: Host, found: InstallPlan) -> None:
    """Write the apt repositories of the declared versions, and their signing keys. `found`: the host's install plan."""
    repositories = _repositories(cluster, host, found)
    if repositories:
        apt.signing_keys(name="Install the repositories' signing keys", sources=repositories)
        files.write(
            name="Write the apt repositories",
            files=[files.File(source.list_path, source.line(found.architecture)) for source in repositories],
        )


def tailscale(cluster: Cluster, host: Host, found: InstallPlan) -> apt.Wanted:
    """The package tailscale: from a repository, or sent by the operator's machine if the site's mirror is `push`."""
    sent = None
    if host.site.mirrors.tailscale == "push":
        sent = apt.Pushed(_tailscale(host, found), found.architecture, current_pins().ca)
    return apt.Wanted("tailscale", cluster.tailscale_version, sent=sent)


def _repositories(cluster: Cluster, host: Host, found: InstallPlan) -> list[sources.AptSource]:
    """The repositories that the host itself reads."""
    listed = []
    if host.site.mirrors.tailscale != "push":
        listed.append(_tailscale(host, found))
    if host.is_node:
        listed.append(sources.kubernetes(cluster, host.site, current_pins()))
    if host.is_node and host.runtime_source != "distribution":
        listed.append(sources.docker(host.site, current_pins(), found.distribution, found.codename))
    return listed


def _tailscale(host: Host, found: InstallPlan) -> sources.AptSource:
    return sources.tailscale(host.site, current_pins(), found.distribution, found.codename)


def _packages(cluster: Cluster, host: Host, found: InstallPlan) -> list[apt.Wanted]:
    """Packages of the distribution in any version, packages of other repositories in the declared version."""
    listed = [*map(apt.Wanted, TOOLS), tailscale(cluster, host, found)]
    if host.is_gateway:
        listed += map(apt.Wanted, _of_the_gateway(cluster))
    if host.is_node:
        listed += [*map(apt.Wanted, NODE_TOOLS), *_of_a_node(cluster, found)]
    return listed


def _of_the_gateway(cluster: Cluster) -> list[str]:
    certbot = [] if own_certificate(cluster) else ["certbot"]
    return ["nginx", *certbot, *(["libnginx-mod-stream"] if api_endpoint.is_forwarded(cluster) else [])]


def _of_a_node(cluster: Cluster, found: InstallPlan) -> list[apt.Wanted]:
    # The distribution's containerd stays without a hold, so that it gets security updates; Docker's keeps the declared version.
    is_docker = found.containerd_package == "containerd.io"
    version = f"{cluster.containerd_version}-*" if found.containerd_pinned else None
    runtime = apt.Wanted(found.containerd_package, version, held=is_docker)
    return [runtime, *(apt.Wanted(package, f"{cluster.kubernetes_version}-*", held=True) for package in KUBERNETES)]
