"""Refuse early: everything that stands in the way, on all hosts, is said at once and before any change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pyinfra
from pyinfra.api.exceptions import DeployError

from cluster import mtu, upgrades, versions
from cluster.backups import UNDER_WAY
from cluster.model import Cluster
from cluster.preflight import hosts, immutable
from cluster.problems import Problem, format_problems
from cluster.upgrades import Step
from engine.inventory import current_cluster, current_host
from engine.once import PerHost
from facts.kubernetes import Settled
from facts.network import Mtus
from facts.paths import Present
from operations.install_plan import survey_of
from operations.version_drift import steps_of


@dataclass(frozen=True)
class Found:
    """What a host has: the problems there, the steps of an upgrade that differ, the settings that may not change (empty = no cluster)."""

    problems: list[Problem]
    steps: list[Step]
    settled: dict[str, str]


_found: PerHost[Found] = PerHost()


def check_hosts(is_restore: bool = False) -> None:
    """Ask every host once while the run is being planned; raise DeployError when the last one has answered.

    `is_restore`: a restore that was interrupted may go on.

    This is no operation: planning comes before the first change, with -y and in a preview alike.
    """
    cluster, host = current_cluster(), current_host()
    survey, differing = survey_of(host.name), steps_of(host.name)
    settled = pyinfra.host.get_fact(Settled) or {}
    problems = [_unknown(host.name)]
    if survey and differing is not None:
        problems = hosts.problems(cluster, host, survey) + versions.problems(host, survey)
        problems += mtu.problems(cluster, host, survey, pyinfra.host.get_fact(Mtus))
    if not is_restore and pyinfra.host.get_fact(Present, paths=[UNDER_WAY]):
        problems.append(_half_restored(host.name))
    found = _found.put(Found(problems, differing or [], settled))
    if found is not None:
        _refuse(cluster, found)


def _refuse(cluster: Cluster, found: Mapping[str, Found]) -> None:
    """Stop if something was found. The API's version counts even if --limit leaves its host out: no node may be newer."""
    first, steps = cluster.control_planes[0].name, [step for one in found.values() for step in one.steps]
    problems = [problem for one in found.values() for problem in one.problems]
    if first not in found and any(cluster.host(name).is_node for name in found):
        of_the_api = steps_of(first)
        steps += [step for step in of_the_api or () if step.part == "kubernetes"]
        problems += [_unknown(first)] if of_the_api is None else []
    settled = {name: one.settled for name, one in found.items()}
    problems += upgrades.differences(steps, [name for name, kept in settled.items() if not kept])
    problems += immutable.differences(cluster, settled)
    if problems:
        raise DeployError(format_problems(problems, "the hosts; nothing was changed"))


def _half_restored(name: str) -> Problem:
    return Problem(
        name,
        "a restore was interrupted here",
        "what is half brought back would be taken for an empty machine, and begun anew",
        f"run tasks/restore.py again, with the same backup; or, to keep what is there now, remove {UNDER_WAY}",
    )


def _unknown(name: str) -> Problem:
    return Problem(
        name, "it could not be surveyed", "nothing is changed on a host that is not understood", "see its error above"
    )
