"""The day-2 tasks: what each may be told by `--data NAME=VALUE`, which hosts it needs, what it destroys."""

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
    """One NAME=VALUE. `expects` completes "write …"; `fits` says whether a value is such a one."""

    expects: str
    fits: Callable[[Cluster, str], bool]
    is_required: bool = False


def _nothing_refused(cluster: Cluster, given: Given) -> list[Problem]:
    return []


@dataclass(frozen=True)
class Task:
    """`asks` = the hosts that it connects to; it goes on without those that `may_be_away`. Of each group in `needs`, one must answer.

    `warning` says in plain English what it destroys, with {host} and {cluster} for names; empty where it destroys nothing.
    `confirmed_by` is what the operator types, or gives as `yes`, to have that.
    """

    arguments: Mapping[str, Argument]
    asks: Hosts = task_hosts.control_planes
    may_be_away: Hosts = task_hosts.nobody
    needs: Callable[[Cluster, Given], tuple[tuple[str, ...], ...]] = task_hosts.a_control_plane
    refuses: Callable[[Cluster, Given], list[Problem]] = _nothing_refused
    warning: str = ""
    confirmed_by: Callable[[Cluster, Given], str] = lambda cluster, given: ""

    def question(self, cluster: Cluster, given: Given) -> str:
        """What is asked before it destroys."""
        return self.warning.format(cluster=cluster.cluster_name, **given)


def _is_node(cluster: Cluster, value: str) -> bool:
    return value in {node.name for node in cluster.nodes}


def _is_host(cluster: Cluster, value: str) -> bool:
    return value in {host.name for host in cluster.hosts}


def _said(cluster: Cluster, value: str) -> bool:
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
_ANY = Argument("what the confirmation asks for", lambda cluster, value: True)

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
        asks=task_hosts.everybody,
        needs=task_hosts.upgrade_members,
    ),
    "rotate_join_token": Task({}, may_be_away=task_hosts.control_planes),
    "collect": Task({}, asks=task_hosts.everybody, may_be_away=task_hosts.everybody, needs=task_hosts.anybody),
    "pull_images": Task(
        {
            "version": Argument(
                "a version of Kubernetes, such as 1.36.3", lambda cluster, value: bool(_VERSION.fullmatch(value))
            )
        },
        asks=task_hosts.nodes,
        needs=task_hosts.a_node,
    ),
    "reinstall_pod_network": Task(
        {"force": _SWITCH},
        asks=task_hosts.everybody,
        warning="This cuts all pods of {cluster} off from one another for a minute or two, and starts each of them again: what they keep "
        "in emptyDir volumes is lost.",
        confirmed_by=lambda cluster, given: cluster.cluster_name,
    ),
    "backup": Task(
        {"recipient": Argument("a recipient of age (age1…), or a file of them", _said, is_required=True)},
        asks=task_hosts.everybody,
        may_be_away=task_hosts.everybody,
        needs=task_hosts.backup_sources,
    ),
    "restore": Task(
        {
            "from": Argument("the folder of a backup", _said, is_required=True),
            "identity": Argument("a file with the key of age that opens it", _said, is_required=True),
            "only": Argument(
                f"{CLUSTER} or {TAILNET}; without it, both", lambda cluster, value: value in (CLUSTER, TAILNET)
            ),
        },
        asks=task_hosts.everybody,
        needs=task_hosts.restore_targets,
        warning="This puts {cluster} back to what it was at the backup: what etcd and headscale have learned since is lost, and "
        "what runs on the control planes ends and is started anew.",
        confirmed_by=lambda cluster, given: cluster.cluster_name,
    ),
    "rotate_keys": Task({}, asks=task_hosts.everybody, needs=lambda cluster, given: ((cluster.coordinator.name,),)),
    "rebuild_headscale": Task(
        {},
        asks=task_hosts.everybody,
        needs=task_hosts.each,
        warning="This deletes headscale's database on the coordinator of {cluster}, with every user, API key and machine in it that is not "
        "in the inventory, and has every host log in anew.",
        confirmed_by=lambda cluster, given: cluster.cluster_name,
    ),
    "reset": Task(
        {"keep_tailnet": _SWITCH},
        asks=task_hosts.everybody,
        needs=task_hosts.anybody,
        warning="This ends {cluster} on all its hosts: pods, what etcd knows, certificates, and the tailnet unless keep_tailnet=1. "
        "Nothing of it can be had back without a backup.",
        confirmed_by=lambda cluster, given: cluster.cluster_name,
    ),
    "remove_host": Task(
        {"host": Argument("a host of the inventory", _is_host, is_required=True)},
        asks=task_hosts.everybody,
        may_be_away=task_hosts.the_host,
        needs=task_hosts.remaining_members,
        refuses=lambda cluster, given: remove_host.refusals(cluster, given["host"], "tasks/remove_host.py"),
        warning="This takes {host} out of {cluster}: its pods move, or end where nobody starts them again; what they keep on its "
        "disk is lost to the cluster; it leaves the tailnet.",
        confirmed_by=lambda cluster, given: given["host"],
    ),
}


def is_set(given: Given, name: str) -> bool:
    """Whether a switch is on."""
    return given.get(name, "") in YES


def problems(name: str, cluster: Cluster, given: Given, is_preview: bool, can_ask: bool) -> list[Problem]:
    """All that is wrong with a call of the task `name`. `can_ask` = somebody sits at a terminal."""
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
        f"it takes no {word}{errors.did_you_mean(word, known)}",
        "what is not read is not done",
        f"it takes {', '.join(known)}" if known else "it takes nothing",
    )


def _problem(where: str, word: str, what: str, argument: Argument, cluster: Cluster) -> Problem:
    fitting = [host.name for host in cluster.hosts if argument.fits(cluster, host.name)] if word == "host" else []
    listed = f": {', '.join(fitting)}" if fitting else ""
    return Problem(
        f"{where} --data {word}",
        what,
        "nothing is guessed where a cluster is changed",
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
            f"if that is what you want: --data yes={wanted}; --dry shows it without doing it",
        )
    ]
