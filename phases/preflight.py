"""Refuse early: everything that stands in the way, on all hosts, is said at once and before any change."""

from __future__ import annotations

import pyinfra
from pyinfra.api.exceptions import DeployError

from cluster import mtu, upgrades, versions
from cluster.backups import UNDER_WAY
from cluster.preflight import hosts, immutable
from cluster.problems import Problem, format_problems
from cluster.upgrades import Step
from engine.inventory import active_hosts, current_cluster, current_host
from facts.kubernetes import Settled
from facts.network import Mtus
from facts.paths import Present
from operations.install_plan import survey_of
from operations.version_drift import steps_of

_found: dict[str, list[Problem]] = {}
_steps: list[Step] = []
_settled: dict[str, dict[str, str]] = {}


def check_hosts(is_restore: bool = False) -> None:
    """Ask every host once while the run is being planned; raise DeployError when the last one has answered.

    `is_restore`: a restore that was interrupted may go on.

    This is no operation: planning comes before the first change, with -y and in a preview alike.
    """
    host = current_host()
    survey, differing = survey_of(host.name), steps_of(host.name)
    _steps.extend(differing or ())
    kept = pyinfra.host.get_fact(Settled)
    _settled[host.name] = kept or {}
    _found[host.name] = (
        hosts.problems(current_cluster(), host, survey)
        + versions.problems(host, survey)
        + mtu.problems(current_cluster(), host, survey, pyinfra.host.get_fact(Mtus))
        if survey and differing is not None
        else [_unknown(host.name)]
    )
    if not is_restore and pyinfra.host.get_fact(Present, paths=[UNDER_WAY]):
        _found[host.name].append(_half_restored(host.name))
    asked = active_hosts()
    if asked <= set(_found):
        _refuse(asked)


def _refuse(asked: set[str]) -> None:
    """Stop where something was found. What the API runs is asked although --limit leaves it out: no node may be newer."""
    first = current_cluster().control_planes[0].name
    if first not in asked and any(current_cluster().host(name).is_node for name in asked):
        of_the_api = steps_of(first)
        _steps.extend(step for step in of_the_api or () if step.part == "kubernetes")
        _found[first] = [_unknown(first)] if of_the_api is None else []
    problems = [problem for problems in _found.values() for problem in problems]
    outside = [name for name, kept in _settled.items() if not kept]
    problems += upgrades.differences(_steps, outside) + immutable.differences(current_cluster(), _settled)
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
