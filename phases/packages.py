"""All packages of a host: first the repositories, then all packages in one transaction."""

from __future__ import annotations

from cluster import sources
from cluster.host_packages import HTTPS_TOOLS, KUBERNETES, NODE_TOOLS, TOOLS, of_the_gateway
from cluster.install_plan import InstallPlan
from cluster.model import Cluster, Host
from cluster.support import REMOVED_PACKAGES
from engine.phase import phase
from local.pins import current_pins, own_certificate
from operations import apt, apt_lists, files, uninstall
from operations.install_plan import host_install_plan

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
    may_remove = REMOVED_PACKAGES in host.exceptions
    removed = ((trial := apt_lists.trial_on(cluster, host)) and trial.removed) if may_remove else ()
    apt.packages(
        name=f"Install the packages, which removes {', '.join(removed)}" if removed else "Install the packages",
        wanted=_packages(cluster, host, found),
        may_remove=may_remove,
    )


def write_repositories(cluster: Cluster, host: Host, found: InstallPlan) -> None:
    """Write the apt repositories of the declared versions, and their signing keys. `found`: the host's install plan.

    A repository that a list of the owner's names already, with the pinned key, is read by that list: apt knows each one once.
    """
    repositories = sources.repositories(cluster, host, current_pins(), found.distribution, found.codename)
    owned = apt_lists.of_the_owner(host.name, repositories, found.architecture)
    written = [source for source in repositories if source.name not in owned]
    if written:
        apt.signing_keys(name="Install the repositories' signing keys", sources=written)
        files.write(
            name="Write the apt repositories",
            files=[files.File(source.list_path, source.line(found.architecture)) for source in written],
        )
    if owned:
        uninstall.absent(
            name="Remove the lists of repositories that the owner's lists name",
            paths=[sources.list_path(name) for name in owned],
        )


def tailscale(cluster: Cluster, host: Host, found: InstallPlan) -> apt.Wanted:
    """The package tailscale: from a repository, or sent by the operator's machine if the site's mirror is `push`."""
    sent = None
    if host.site.mirrors.tailscale == "push":
        sent = apt.Pushed(_tailscale(host, found), found.architecture, current_pins().ca)
    return apt.Wanted("tailscale", cluster.tailscale_version, sent=sent)


def _tailscale(host: Host, found: InstallPlan) -> sources.AptSource:
    return sources.tailscale(host.site, current_pins(), found.distribution, found.codename)


def _packages(cluster: Cluster, host: Host, found: InstallPlan) -> list[apt.Wanted]:
    """Packages of the distribution in any version, packages of other repositories in the declared version."""
    listed = [*map(apt.Wanted, TOOLS), tailscale(cluster, host, found)]
    if host.is_gateway:
        listed += map(apt.Wanted, of_the_gateway(cluster, own_certificate(cluster) is not None))
    if host.is_node:
        listed += [*map(apt.Wanted, NODE_TOOLS), *_of_a_node(cluster, found)]
    return listed


def _of_a_node(cluster: Cluster, found: InstallPlan) -> list[apt.Wanted]:
    # The distribution's containerd stays without a hold, so that it gets security updates; Docker's keeps the declared version.
    is_docker = found.containerd_package == "containerd.io"
    version = f"{cluster.containerd_version}-*" if found.containerd_pinned else None
    runtime = apt.Wanted(found.containerd_package, version, held=is_docker)
    return [runtime, *(apt.Wanted(package, f"{cluster.kubernetes_version}-*", held=True) for package in KUBERNETES)]
