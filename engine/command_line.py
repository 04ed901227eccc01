"""What this pyinfra process was called for: the story that the command line names, and what `--data` says to it."""

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
# What `--data` may say to verify; it judges the values by itself.
WORDS = ("only", "skip", "json")
FOLDER = "tasks"
_remembered: dict[str, Any] = {}


def stories() -> tuple[str, ...]:
    """The deploy files of the command line."""
    return tuple(str(word) for word in _parameters().get("operations", ()) if str(word).endswith(".py"))


def said(option: str) -> Any:
    """The value of pyinfra's own option on this command line, by its name in pyinfra; None without one."""
    return _parameters().get(option)


def is_verify() -> bool:
    """Whether the command line names verify.py."""
    return any(story.endswith(VERIFY) for story in stories())


def task() -> str:
    """The name of the task that is run, such as drain; empty where it is none."""
    names = [Path(story).stem for story in stories() if Path(story).resolve().parent.name == FOLDER]
    return next((name for name in names if name in tasks.TASKS), "")


def declared() -> tasks.Task:
    """The task that is run; KeyError where it is none."""
    return tasks.TASKS[task()]


def given() -> dict[str, str]:
    """What `--data` says, as it was typed."""
    pairs = [str(word).partition("=") for word in _parameters().get("data") or ()]
    return {name: value for name, _, value in pairs}


def words() -> tuple[str, ...]:
    """Names in `--data` that are said to the story, of which the model of the cluster knows nothing."""
    if task():
        return tuple(given())
    return WORDS if is_verify() else ()


def is_preview() -> bool:
    """Whether this run only shows what it would do: --dry, or --json without -y."""
    called = _parameters()
    return bool(called.get("dry") or (called.get("json_output") and not called.get("yes")))


def problems(cluster: Cluster) -> list[Problem]:
    """All that is wrong with the call of a task; nothing where it is none."""
    name = task()
    if not name:
        return []
    if len(stories()) > 1:
        return [
            Problem(
                " ".join(stories()),
                "a task is named beside another file",
                "what the second would find depends on what the first does",
                "run one after the other",
            )
        ]
    found = tasks.problems(name, cluster, given(), is_preview(), can_ask=sys.stdin.isatty())
    return found or backup_check.problems(name, cluster, given())


def shapeless() -> list[Problem]:
    """Words of `--data` without a value: pyinfra itself would stumble over them."""
    return [
        Problem(
            f"--data {word}",
            "it has no value",
            "arguments are given as NAME=VALUE",
            f"write --data {word}=VALUE",
        )
        for word in _parameters().get("data") or ()
        if "=" not in str(word)
    ]


def _parameters() -> dict[str, Any]:
    # click knows them in the main greenlet only; the door asks there first.
    context = click.get_current_context(silent=True)
    if context:
        _remembered.update(context.params)
    return _remembered
