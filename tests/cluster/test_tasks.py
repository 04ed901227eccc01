"""What a task may be told, and what is refused before any host is contacted."""

from __future__ import annotations

from pathlib import Path

import pytest

from cluster import tasks
from cluster.model import Cluster
from lab.declared import load

INVENTORIES = Path(__file__).resolve().parents[1] / "inventories"
SMALL = load(INVENTORIES / "day-two" / "inventory.py")


def told(name: str, *, cluster: Cluster = SMALL, preview: bool = False, terminal: bool = False, **given: str) -> str:
    return "\n".join(str(problem) for problem in tasks.problems(name, cluster, given, preview, terminal))


def test_a_right_call_passes() -> None:
    assert told("drain", host="attic") == ""
    assert told("drain", host="attic", force="1", timeout="60") == ""


@pytest.mark.parametrize(
    ("name", "given", "said"),
    [
        ("drain", {}, "--data host= and a node of the inventory: hub, wing, attic"),
        ("drain", {"host": "nobody"}, "'nobody' is not a node of the inventory"),
        ("drain", {"host": "attic", "timout": "5"}, "did you mean timeout?"),
        ("drain", {"host": "attic", "timeout": "5"}, "seconds, from 10 to 3600"),
        ("drain", {"host": "attic", "timeout": "²"}, "seconds, from 10 to 3600"),
        ("drain", {"host": "attic", "force": "maybe"}, "1 or 0"),
        ("uncordon", {"host": "attic", "yes": "attic"}, "it takes no yes"),
    ],
)
def test_a_wrong_call_is_told_where_what_why_fix(name: str, given: dict[str, str], said: str) -> None:
    assert said in told(name, **given)


def test_every_task_is_a_story_and_every_story_a_task() -> None:
    files = {path.stem for path in (Path(__file__).resolve().parents[2] / "tasks").glob("*.py")} - {"__init__"}
    assert files == set(tasks.TASKS)
