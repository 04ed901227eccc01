"""The checks of all hosts before the first change: the run stops with all problems at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pyinfra
from pyinfra.api.exceptions import DeployError

from cluster import install_plan, mtu, sources, upgrades
from cluster.backups import UNDER_WAY
from cluster.install_plan import InstallPlan
from cluster.model import Cluster, Host
from cluster.observed.door import Outside
from cluster.observed.survey import Survey
from cluster.preflight import (
    apt,
    clock,
    dpkg,
    headscale,
    hosts,
    immutable,
    kernel,
    leftovers,
    packet_filter,
    resolvers,
    swap,
    tailnets,
)
from cluster.problems import Problem, format_problems
from cluster.upgrades import Step
from engine.inventory import current_cluster, current_host
from engine.once import PerHost
from facts.dpkg import Unfinished
from facts.headscale import Standing
from facts.kernel import Kernel
from facts.kubernetes import Settled
from facts.leftovers import Leftovers
from facts.login import Login
from facts.machine import TimeSync
from facts.network import Mtus, Ruleset
from facts.paths import Present
from facts.resolvers import Resolvers
from facts.swap import Swap
from facts.tailscale import Prefs, Status
from local.pins import current_pins, own_certificate
from operations import apt_lists, door
from operations.install_plan import install_plan_of, survey_of
from operations.version_drift import steps_of


@dataclass(frozen=True)
class Found:
    """The result of one host: its problems, its upgrade steps, its cluster's immutable settings (empty: it belongs to no cluster), and
    how it appears from outside (None: it is in the tailnet)."""

    problems: list[Problem]
    steps: list[Step]
    immutable: dict[str, str]
    outside: Outside | None


_found: PerHost[Found] = PerHost()


def check_hosts(is_restore: bool = False) -> None:
    """Check the current host; for the last host of the run, raise DeployError with the problems of all hosts.

    `is_restore`: accept a host on which a restore was interrupted.

    This is no operation, because pyinfra's prepare stage comes before the first change, also with -y and in a preview.
    """
    cluster, host = current_cluster(), current_host()
    survey, differing = survey_of(host.name), steps_of(host.name)
    settings = pyinfra.host.get_fact(Settled) or {}
    of_kernel = pyinfra.host.get_fact(Kernel, modules=list(kernel.modules(cluster, host)))
    of_swap, unfinished = pyinfra.host.get_fact(Swap), pyinfra.host.get_fact(Unfinished)
    problems = [_not_surveyed(host.name)]
    if survey and of_kernel and of_swap and differing is not None:
        problems = hosts.problems(cluster, host, survey) + install_plan.problems(host, survey)
        problems += kernel.problems(host, survey, of_kernel)
        problems += clock.problems(host, pyinfra.host.get_fact(TimeSync))
        problems += dpkg.problems(host, unfinished or ())
        problems += swap.problems(host, survey, of_swap)
        problems += mtu.problems(cluster, host, survey, pyinfra.host.get_fact(Mtus))
        problems += _of_apt(cluster, host)
        problems += _of_leftovers(cluster, host, survey, settings)
        problems += _of_headscale(host, is_restore)
        problems += _of_tailnet(cluster, host)
        problems += _of_resolvers(cluster, host)
        problems += _of_packet_filter(cluster, host)
    if not is_restore and pyinfra.host.get_fact(Present, paths=[UNDER_WAY]):
        problems.append(_partly_restored(host.name))
    found = _found.put(Found(problems, differing or [], settings, door.outside()))
    if found is not None:
        _refuse(cluster, found)


def _refuse(cluster: Cluster, found: Mapping[str, Found]) -> None:
    """Raise DeployError if there are problems.

    The API's version counts even if --limit excludes its host: no node may be newer than the API.
    """
    first, steps = cluster.control_planes[0].name, [step for result in found.values() for step in result.steps]
    problems = [problem for result in found.values() for problem in result.problems]
    if first not in found and any(cluster.host(name).is_node for name in found):
        of_api = steps_of(first)
        steps += [step for step in of_api or () if step.part == "kubernetes"]
        problems += [_not_surveyed(first)] if of_api is None else []
    settings = {name: result.immutable for name, result in found.items()}
    outside = [name for name, values in settings.items() if not values]
    problems += upgrades.differences(steps, outside, upgrades.declared_versions(cluster))
    problems += immutable.differences(cluster, settings)
    fresh = {name: result.outside for name, result in found.items() if result.outside}
    if fresh:
        problems += door.problems(cluster, found, fresh, is_acme=own_certificate(cluster) is None)
    if problems:
        raise DeployError(format_problems(problems, "the hosts; nothing was changed"))


def _of_apt(cluster: Cluster, host: Host) -> list[Problem]:
    """What of apt stands in the way; nothing if the host is refused anyway."""
    plan = install_plan_of(host.name)
    if not isinstance(plan, InstallPlan):
        return []
    repositories = sources.repositories(cluster, host, current_pins(), plan.distribution, plan.codename)
    found, trial = apt_lists.found_on(host.name, repositories), apt_lists.trial_on(cluster, host)
    if found is None or trial is None:
        return [_not_surveyed(host.name)]
    return apt.problems(host, plan, repositories, found, trial)


def _of_leftovers(cluster: Cluster, host: Host, survey: Survey, settled: Mapping[str, str]) -> list[Problem]:
    found = pyinfra.host.get_fact(Leftovers, programs=list(leftovers.programs(host)))
    return leftovers.problems(cluster, host, survey, found, settled) if found else [_not_surveyed(host.name)]


def _of_headscale(host: Host, is_restore: bool) -> list[Problem]:
    if not host.is_coordinator:
        return []
    found = pyinfra.host.get_fact(Standing)
    return headscale.problems(host, found, is_restore) if found else [_not_surveyed(host.name)]


def _of_tailnet(cluster: Cluster, host: Host) -> list[Problem]:
    status, prefs = pyinfra.host.get_fact(Status), pyinfra.host.get_fact(Prefs)
    if status is None or prefs is None:
        return [_not_surveyed(host.name)]
    return tailnets.problems(cluster, host, pyinfra.host.get_fact(Login), status, prefs)


def _of_resolvers(cluster: Cluster, host: Host) -> list[Problem]:
    found = pyinfra.host.get_fact(Resolvers)
    return resolvers.problems(cluster, host, found) if found else [_not_surveyed(host.name)]


def _of_packet_filter(cluster: Cluster, host: Host) -> list[Problem]:
    found = pyinfra.host.get_fact(Ruleset)
    return packet_filter.problems(cluster, host, found) if found else [_not_surveyed(host.name)]


def _partly_restored(name: str) -> Problem:
    return Problem(
        name,
        "a restore was interrupted on this host",
        "the deploy would take it for an empty machine, and make a new cluster on it",
        f"run tasks/restore.py again with the same backup; or, to keep the current state, remove {UNDER_WAY}",
    )


def _not_surveyed(name: str) -> Problem:
    return Problem(
        name,
        "this host could not be surveyed",
        "nothing is changed on a host whose state is unknown",
        "see the host's error above",
    )
