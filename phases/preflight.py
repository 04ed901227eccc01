"""Refuse early: everything that stands in the way, on all hosts, is said at once and before any change."""

from __future__ import annotations

from pyinfra import state
from pyinfra.api.exceptions import DeployError

from cluster import preflight, versions
from cluster.problems import Problem, listing
from phases.decided import surveyed
from phases.declared import cluster, here

_found: dict[str, list[Problem]] = {}


def check_hosts() -> None:
    """Ask every host once while the run is being planned; raise DeployError when the last one has answered.

    This is no operation: planning comes before the first change, with -y and in a preview alike.
    """
    this = here()
    survey = surveyed()
    _found[this.name] = (
        preflight.problems(cluster(), this, survey) + versions.problems(this, survey)
        if survey
        else [
            Problem(
                this.name,
                "it could not be surveyed",
                "nothing is changed on a host that is not understood",
                "see its error above",
            )
        ]
    )
    asked = {member.name for member in state.inventory.get_active_hosts()}
    if asked <= set(_found) and any(_found.values()):
        raise DeployError(
            listing([problem for problems in _found.values() for problem in problems], "the hosts; nothing was changed")
        )
