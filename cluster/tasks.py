"""The day-2 tasks: the arguments of each (`--data NAME=VALUE`), the hosts that it needs, and what it destroys."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from cluster import task_hosts, upgrades
from cluster.backups import CLUSTER, TAILNET
from cluster.inventory import errors
from cluster.model import Cluster
from cluster.preflight import remove_host
from cluster.problems import Problem

Given = Mapping[str, str]
Hosts = Callable[[Cluster, Given], tuple[str, ...]]
_USER = re.compile(r"[a-z0-9]([a-z0-9.@-]{0,62}[a-z0-9])?")
_VERSION = re.compile(r"\d{1,4}\.\d{1,4}\.\d{1,4}", re.ASCII)
ROLES = ("view", "edit", "admin", "cluster-admin")
NO, YES = ("", "0", "no", "false"), ("1", "yes", "true")


@dataclass(frozen=True)
class Argument:
    """An argument of a task. `expects` describes its values, as the object of "write …"; `fits` returns whether a value is valid."""

    expects: str
    fits: Callable[[Cluster, str], bool]
    is_required: bool = False


def _nothing_refused(cluster: Cluster, given: Given) -> list[Problem]:
    return []


@dataclass(frozen=True)
class Task:
    """A day-2 task.

    `hosts`: the hosts to which the task connects. `may_be_away`: hosts without which it goes on. `needs`: groups of hosts; one of
    each group must be reachable. `refuses`: problems of a call with valid arguments.
    `warning`: what the task destroys, with {host} and {cluster} for names; empty: nothing.
    `confirmed_by`: the text that the operator types, or passes as `yes`, to confirm the warning.
    """

    arguments: Mapping[str, Argument]
    hosts: Hosts = task_hosts.control_planes
    may_be_away: Hosts = task_hosts.no_hosts
    needs: Callable[[Cluster, Given], tuple[tuple[str, ...], ...]] = task_hosts.one_control_plane
    refuses: Callable[[Cluster, Given], list[Problem]] = _nothing_refused
    warning: str = ""
    confirmed_by: Callable[[Cluster, Given], str] = lambda cluster, given: ""

    def question(self, cluster: Cluster, given: Given) -> str:
        """The warning with the names of the cluster and of the task's host."""
        return self.warning.format(cluster=cluster.cluster_name, **given)


def _is_node(cluster: Cluster, value: str) -> bool:
    return value in {node.name for node in cluster.nodes}


def _is_host(cluster: Cluster, value: str) -> bool:
    return value in {host.name for host in cluster.hosts}


def _is_given(cluster: Cluster, value: str) -> bool:
    return bool(value)


def _number(lowest: int, highest: int) -> Callable[[Cluster, str], bool]:
    return lambda cluster, value: value.isdecimal() and lowest <= int(value) <= highest


_NODE = Argument("a node of the inventory", _is_node, is_required=True)
_SWITCH = Argument("1 or 0", lambda cluster, value: value in YES + NO)
_TIMEOUT = Argument("seconds, from 10 to 3600", _number(10, 3600))
_HOURS = Argument("hours, from 1 to 8760", _number(1, 8760))
_PARTS = Argument(
    f"some of {','.join(upgrades.PARTS)}", lambda cluster, value: set(value.split(",")) <= set(upgrades.PARTS)
)
_ANY = Argument("the text that confirms the task", lambda cluster, value: True)

TASKS: Mapping[str, Task] = {
    "drain": Task({"host": _NODE, "force": _SWITCH, "timeout": _TIMEOUT}, may_be_away=task_hosts.control_planes),
    "uncordon": Task({"host": _NODE}, may_be_away=task_hosts.control_planes),
    "kubeconfig": Task(
        {
            "user": Argument(
                "a name of small letters, digits, dots, hyphens and @",
                lambda cluster, value: bool(_USER.fullmatch(value)),
                is_required=True,
            ),
            "role": Argument(f"one of {', '.join(ROLES)}", lambda cluster, value: value in ROLES),
            "hours": _HOURS,
        },
        may_be_away=task_hosts.control_planes,
    ),
    "renew_certificates": Task({"days": Argument("days, from 1 to 3650", _number(1, 3650))}),
    "upgrade": Task(
        {"only": _PARTS, "force": _SWITCH, "timeout": _TIMEOUT},
        hosts=task_hosts.all_hosts,
        needs=task_hosts.upgrade_members,
    ),
    "rotate_join_token": Task({}, may_be_away=task_hosts.control_planes),
    "collect": Task({}, hosts=task_hosts.all_hosts, may_be_away=task_hosts.all_hosts, needs=task_hosts.one_host),
    "pull_images": Task(
        {
            "version": Argument(
                "a version of Kubernetes, such as 1.36.3", lambda cluster, value: bool(_VERSION.fullmatch(value))
            )
        },
        hosts=task_hosts.nodes,
        needs=task_hosts.one_node,
    ),
    "reinstall_pod_network": Task(
        {"force": _SWITCH},
        hosts=task_hosts.all_hosts,
        warning="This disconnects all pods of {cluster} from each other for a minute or two, and restarts all of them: the data "
        "in their emptyDir volumes is lost.",
        confirmed_by=lambda cluster, given: cluster.cluster_name,
    ),
    "backup": Task(
        {"recipient": Argument("a recipient of age (age1…), or a file of them", _is_given, is_required=True)},
        hosts=task_hosts.all_hosts,
        may_be_away=task_hosts.all_hosts,
        needs=task_hosts.backup_sources,
    ),
    "restore": Task(
        {
            "from": Argument("the folder of a backup", _is_given, is_required=True),
            "identity": Argument("a file with the age identity that decrypts it", _is_given, is_required=True),
            "only": Argument(
                f"{CLUSTER} or {TAILNET}; without it, both", lambda cluster, value: value in (CLUSTER, TAILNET)
            ),
        },
        hosts=task_hosts.all_hosts,
        needs=task_hosts.restore_targets,
        warning="This restores {cluster} to its state at the backup: all changes in etcd and headscale since then are lost, and "
        "the control planes are reset and started again.",
        confirmed_by=lambda cluster, given: cluster.cluster_name,
    ),
    "rotate_keys": Task({}, hosts=task_hosts.all_hosts, needs=lambda cluster, given: ((cluster.coordinator.name,),)),
    "rebuild_headscale": Task(
        {},
        hosts=task_hosts.all_hosts,
        needs=task_hosts.each_host,
        warning="This deletes headscale's database on the coordinator of {cluster}, with every user, API key and machine in it that is not "
        "in the inventory, and logs every host in again.",
        confirmed_by=lambda cluster, given: cluster.cluster_name,
    ),
    "reset": Task(
        {"keep_tailnet": _SWITCH},
        hosts=task_hosts.all_hosts,
        needs=task_hosts.one_host,
        warning="This removes {cluster} from all its hosts: pods, etcd's data, certificates, and the tailnet unless keep_tailnet=1. "
        "Without a backup nothing of it can be restored.",
        confirmed_by=lambda cluster, given: cluster.cluster_name,
    ),
    "remove_host": Task(
        {"host": Argument("a host of the inventory", _is_host, is_required=True)},
        hosts=task_hosts.all_hosts,
        may_be_away=task_hosts.the_host,
        needs=task_hosts.remaining_members,
        refuses=lambda cluster, given: remove_host.refusals(cluster, given["host"], "tasks/remove_host.py"),
        warning="This removes {host} from {cluster} and from the tailnet: its pods move to other nodes, except pods without a "
        "controller, which are lost, as is all data of pods on its disk.",
        confirmed_by=lambda cluster, given: given["host"],
    ),
}


def is_set(given: Given, name: str) -> bool:
    """Whether a switch such as `force` is on."""
    return given.get(name, "") in YES


def problems(name: str, cluster: Cluster, given: Given, is_preview: bool, can_ask: bool) -> list[Problem]:
    """All problems of a call of the task `name`. `can_ask`: standard input is a terminal, so that the confirmation can be typed."""
    task, where = TASKS[name], f"tasks/{name}.py"
    known = {**task.arguments, **({"yes": _ANY} if task.warning else {})}
    found = [_unknown(where, word, known) for word in given if word not in known]
    found += [
        _problem(where, word, "it is missing", argument, cluster)
        for word, argument in task.arguments.items()
        if argument.is_required and not given.get(word)
    ]
    found += [
        _problem(where, word, f"{errors.show(given[word])} is not {argument.expects}", argument, cluster)
        for word, argument in task.arguments.items()
        if given.get(word) and not argument.fits(cluster, given[word])
    ]
    found = found or task.refuses(cluster, given)
    return found or _unconfirmed(where, task, cluster, given, is_preview or can_ask)


def _unknown(where: str, word: str, known: Mapping[str, Argument]) -> Problem:
    return Problem(
        f"{where} --data {word}",
        f"the task has no argument {word}{errors.did_you_mean(word, known)}",
        "an argument that the task does not read would have no effect",
        f"use {', '.join(known)}" if known else "the task has no arguments; leave it out",
    )


def _problem(where: str, word: str, what: str, argument: Argument, cluster: Cluster) -> Problem:
    fitting = [host.name for host in cluster.hosts if argument.fits(cluster, host.name)] if word == "host" else []
    listed = f": {', '.join(fitting)}" if fitting else ""
    return Problem(
        f"{where} --data {word}",
        what,
        "a task that changes a cluster guesses no argument",
        f"write --data {word}= and {argument.expects}{listed}",
    )


def _unconfirmed(where: str, task: Task, cluster: Cluster, given: Given, is_fine: bool) -> list[Problem]:
    wanted = task.confirmed_by(cluster, given)
    if not task.warning or given.get("yes") == wanted or ("yes" not in given and is_fine):
        return []
    return [
        Problem(
            f"{where} --data yes",
            f"it is {errors.show(given['yes'])}, not {wanted}" if "yes" in given else "it is missing",
            task.question(cluster, given),
            f"to confirm this, add --data yes={wanted}; --dry shows it without a change",
        )
    ]
