"""The check before an upgrade: it stops the run with all problems at once, or logs the plan."""

from __future__ import annotations

from fnmatch import fnmatchcase

import pyinfra
from pyinfra.api.exceptions import DeployError

from cluster import sources
from cluster.model import Host
from cluster.preflight import upgrade
from cluster.problems import Problem, format_problems
from cluster.tasks import is_set
from cluster.upgrades import Step
from day_two.upgrade_plan import log_plan, upgrade_plan
from engine import remote
from engine.command_line import given
from engine.inventory import api_host, current_cluster, current_host
from engine.once import PerHost
from facts.etcd import Members
from facts.kubernetes import Evictable
from facts.versions import Fetchable, Offered
from local import apt_download
from local.pins import current_pins
from operations.install_plan import host_install_plan
from phases.coordination import download

_found: PerHost[list[Problem]] = PerHost()


def check_upgrade() -> None:
    """Check the current host's new versions; for the last host, raise DeployError with all problems, or log the plan.

    This runs in pyinfra's prepare stage, before the first change, also with -y and in a preview.
    """
    host, plan = current_host(), upgrade_plan()
    steps = [step for step in plan.doing if step.host == host.name and not (step.is_downgrade or step.skips_minor)]
    found = _found.put([problem for step in steps for problem in _not_available(host, step)])
    if found is not None:
        problems = [*_cluster_problems(), *(problem for problems in found.values() for problem in problems)]
        if problems:
            raise DeployError(format_problems(problems, "the upgrade; nothing was changed"))
        log_plan()


def _cluster_problems() -> list[Problem]:
    plan, api = upgrade_plan(), api_host()
    members = remote.fact(api, Members) if plan.members else ()
    problems = upgrade.blockers(current_cluster(), plan.steps, plan.parts, plan.nodes, members)
    if not is_set(given(), "force"):
        for node in plan.due:
            problems += upgrade.unmanaged_pods(node.name, remote.fact(api, Evictable, node=node.name) or ())
    return [*upgrade.unknown_versions(plan.unknown), *problems]


def _not_available(host: Host, step: Step) -> list[Problem]:
    """A problem if this host can't download the wanted version of a step."""
    if step.part == "flannel":
        return []
    if step.part == "headscale":
        error = pyinfra.host.get_fact(Fetchable, url=download(current_cluster()).url)
        return [] if error == "" else [upgrade.not_fetched(step, download(current_cluster()).url, error)]
    if step.part == "tailscale" and host.site.mirrors.tailscale == "push":
        return _not_pushed(host, step)
    package, source, index = _source(host, step)
    offered = pyinfra.host.get_fact(Offered, index=index, package=package)
    wanted = step.wanted if step.part == "tailscale" else f"{step.wanted}-*"
    if offered is not None and any(fnmatchcase(version, wanted) for version in offered):
        return []
    return [upgrade.not_offered(step, package, source.uri, offered)]


def _source(host: Host, step: Step) -> tuple[str, sources.AptSource, str]:
    """The package of a step, its repository, and the address of the repository's index."""
    found = host_install_plan()
    if step.part == "kubernetes":
        source = sources.kubernetes(current_cluster(), host.site, current_pins())
        return "kubeadm", source, f"{source.uri}Packages"
    if step.part == "containerd":
        package, source = (
            found.containerd_package,
            sources.docker(host.site, current_pins(), found.distribution, found.codename),
        )
    else:
        package, source = "tailscale", sources.tailscale(host.site, current_pins(), found.distribution, found.codename)
    return (
        package,
        source,
        f"{source.uri}/dists/{source.suite}/{source.components}/binary-{found.architecture}/Packages",
    )


def _not_pushed(host: Host, step: Step) -> list[Problem]:
    """A problem if the operator's machine can't download tailscale, which it sends to this host; the download is kept for the upgrade."""
    found = host_install_plan()
    source = sources.tailscale(host.site, current_pins(), found.distribution, found.codename)
    try:
        apt_download.deb(source, "tailscale", step.wanted, found.architecture, current_pins().ca)
    except apt_download.NotFetched as reason:
        return [upgrade.not_fetched(step, source.uri, str(reason))]
    return []
