"""What this pyinfra process was called for: its deploy files, and what `--data` passes to them."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from cluster import tasks
from cluster.model import Cluster
from cluster.problems import Problem
from local import backup_check

VERIFY = "verify.py"
# What `--data` may pass to verify, which checks the values by itself.
WORDS = ("only", "skip", "json")
FOLDER = "tasks"
_parameters: dict[str, Any] = {}


def deploy_files() -> tuple[str, ...]:
    """The deploy files of the command line."""
    return tuple(str(word) for word in option("operations") or () if str(word).endswith(".py"))


def option(name: str) -> Any:
    """The value of an argument or option of pyinfra's own, by its parameter's name in pyinfra; None without one."""
    # click knows them in the main greenlet only; the check before connecting asks there first.
    context = click.get_current_context(silent=True)
    if context:
        _parameters.update(context.params)
    return _parameters.get(name)


def is_verify() -> bool:
    """Whether the command line names verify.py."""
    return any(file.endswith(VERIFY) for file in deploy_files())


def task_name() -> str:
    """The name of the task that is run, such as drain; empty if it is none."""
    names = [Path(file).stem for file in deploy_files() if Path(file).resolve().parent.name == FOLDER]
    return next((name for name in names if name in tasks.TASKS), "")


def task() -> tasks.Task:
    """The task that is run; KeyError if it is none."""
    return tasks.TASKS[task_name()]


def given() -> dict[str, str]:
    """NAME → VALUE of each `--data NAME=VALUE`, as typed."""
    pairs = [str(word).partition("=") for word in option("data") or ()]
    return {name: value for name, _, value in pairs}


def arguments() -> tuple[str, ...]:
    """Names in `--data` that are arguments of the deploy file, and no part of the cluster's model."""
    if task_name():
        return tuple(given())
    return WORDS if is_verify() else ()


def is_preview() -> bool:
    """Whether this run only shows what it would do: --dry, or --json without -y."""
    return bool(option("dry") or (option("json_output") and not option("yes")))


def problems(cluster: Cluster) -> list[Problem]:
    """All that is wrong with the call of a task; nothing if it is none."""
    name = task_name()
    if not name:
        return []
    if len(deploy_files()) > 1:
        return [
            Problem(
                " ".join(deploy_files()),
                "a task is named beside another file",
                "what the second would find depends on what the first does",
                "run one after the other",
            )
        ]
    found = tasks.problems(name, cluster, given(), is_preview(), can_ask=sys.stdin.isatty())
    return found or backup_check.problems(name, cluster, given())


def malformed() -> list[Problem]:
    """Arguments in `--data` without a value: pyinfra itself would fail on them."""
    return [
        Problem(
            f"--data {word}",
            "it has no value",
            "arguments are given as NAME=VALUE",
            f"write --data {word}=VALUE",
        )
        for word in option("data") or ()
        if "=" not in str(word)
    ]
