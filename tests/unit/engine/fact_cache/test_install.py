"""The hold on pyinfra. Where one of these fails after an update of pyinfra, engine/fact_cache/install.py must be looked at before it is used."""

from __future__ import annotations

import inspect
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from pyinfra.api import FactBase, ShortFactBase
from pyinfra.facts.server import Kernel, KernelModules

from engine.fact_cache.install import is_shared
from tests.places import PROJECT
from tests.unit.engine.fact_cache.world import Line, SharedLine, World, replace

A = "@fake/a"
LOOK = "this pyinfra {}: engine/fact_cache/install.py no longer holds; look there before you use it (ISTHMUS_BUNDLE=0 goes without it)"
# Programs that ask somebody else than the host itself, where they are called (and not part of a path).
OTHERS = re.compile(r"(?<![\w./-])(kubectl|headscale|tailscale|curl|ping|nc|wget|ssh|dig)(?= )(?! *>)")


def test_pyinfra_asks_facts_and_runs_commands_where_the_hooks_are(
    make: Callable[..., World], monkeypatch: pytest.MonkeyPatch
) -> None:
    world, seen = make(A), []
    asked, commands = [], []
    ask, command = world.asking.ask, world.asking.kept.command
    monkeypatch.setattr(world.asking, "ask", lambda *a, **k: asked.append(a[1]) or ask(*a, **k))
    monkeypatch.setattr(world.asking.kept, "command", lambda host: commands.append(host) or command(host))
    world.run((replace, {"file": "x", "text": "new", "seen": seen}))
    assert len(asked) == 2, LOOK.format("does not ask an operation's facts by pyinfra.api.host.get_fact")
    assert commands == [A], LOOK.format("does not run an operation's commands by Host.run_shell_command")


def test_stock_and_nested_facts_are_questions(make: Callable[..., World]) -> None:
    for executions in (3, 1):
        world = make(A)
        assert isinstance(world.ask(A, KernelModules), dict)
        assert world.ask(A, Kernel)
        world.asking.remembered.save()
        assert len(world.sent(A)) <= executions


def test_a_fact_says_by_itself_what_its_answer_depends_on() -> None:
    class Short(ShortFactBase[str]):
        fact = SharedLine

    assert [is_shared(fact) for fact in (Line, SharedLine, Short)] == [False, True, True]


def sample(parameter: inspect.Parameter) -> Any:
    kind = str(parameter.annotation)
    if kind == "int":
        return 1
    return {"a": "1"} if "Mapping" in kind or "dict" in kind else ["a"] if "Sequence" in kind else "a"


def our_facts() -> list[type[FactBase[Any]]]:
    modules = [import_module(f"facts.{path.stem}") for path in sorted((PROJECT / "facts").glob("[a-z]*.py"))]
    return [
        found
        for module in modules
        for found in vars(module).values()
        if inspect.isclass(found) and issubclass(found, FactBase) and found.__module__ == module.__name__
    ]


@pytest.mark.parametrize("fact", our_facts(), ids=lambda fact: f"{fact.__module__}.{fact.__name__}")
def test_no_fact_that_asks_others_lacks_the_mark(fact: type[FactBase[Any]]) -> None:
    arguments = {
        name: sample(one) for name, one in inspect.signature(fact.command).parameters.items() if name != "self"
    }
    text = str(fact().command(**arguments)).replace("command -v ", "command-v-")
    if OTHERS.search(text):
        assert is_shared(fact), f"{fact.__name__} asks {OTHERS.findall(text)}: it needs depends_on_other_hosts = True"


def test_the_test_above_finds_what_it_looks_for() -> None:
    shared = {f"{fact.__module__}.{fact.__name__}" for fact in our_facts() if is_shared(fact)}
    assert {
        "facts.kubernetes.Manifest",
        "facts.tailscale.Status",
        "facts.headscale.Nodes",
        "facts.pings.Answers",
    } <= shared
    assert OTHERS.search("x; timeout 10 headscale nodes list")
    assert not OTHERS.search("cat /etc/headscale/config; echo /usr/bin/ping")


DEPLOY = """
from pyinfra.operations import files
from pyinfra import host
for number in host.loop(range(6)):
    files.line(name=f"line {number}", path="FILE", line=f"line {number}")
"""
CONFIG = 'import os, sys\nfrom engine.fact_cache.install import keep_answers\nif os.environ.get("ISTHMUS_BUNDLE") != "0":\n    keep_answers()\n'


def pyinfra(folder: Path, *words: str, layer: bool = True) -> tuple[str, int]:
    """What a run changed as JSON, and how many executions it took."""
    (folder / "deploy.py").write_text(DEPLOY.replace("FILE", str(folder / "file")))
    (folder / "config.py").write_text(CONFIG)
    done = subprocess.run(
        [Path(sys.executable).parent / "pyinfra", "@local", "deploy.py", "--json", "--debug", *words],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(PROJECT), "ISTHMUS_BUNDLE": "1" if layer else "0"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    plan = json.loads(done.stdout)
    for operation in plan["plan"]:
        operation.pop("op_hash")
    return json.dumps(plan, sort_keys=True), done.stderr.count("Running command on localhost")


@pytest.mark.parametrize("words", [("--dry",), ("-y",)], ids=["preview", "run"])
def test_the_command_line_with_and_without_the_layer(tmp_path: Path, words: tuple[str, ...]) -> None:
    (tmp_path / "file").write_text("".join(f"line {number}\n" for number in range(6)))
    plain, many = pyinfra(tmp_path, *words, layer=False)
    assert not (tmp_path / "build").exists()
    assert pyinfra(tmp_path, *words) == (plain, many)
    assert many >= 6
    assert pyinfra(tmp_path, *words) == (plain, 1)
    (tmp_path / "file").write_text("line 0\nline 3\n")
    plain, _ = pyinfra(tmp_path, "--dry", layer=False)
    assert pyinfra(tmp_path, "--dry") == (plain, 1)
    pyinfra(tmp_path, "-y")
    assert sorted((tmp_path / "file").read_text().split("\n")[:-1]) == [f"line {number}" for number in range(6)]


@pytest.mark.parametrize("value", ["0", "1", None])
def test_the_switch(value: str | None) -> None:
    environment = {key: text for key, text in os.environ.items() if key != "ISTHMUS_BUNDLE"}
    script = (
        "import pyinfra_cli.cli; from pyinfra.api import Host, Config; from pyinfra.context import ctx_config; "
        "ctx_config.set(Config()); import runpy; runpy.run_path('config.py'); print(hasattr(Host.run_shell_command, '__wrapped__'))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=PROJECT,
        env={**environment, **({"ISTHMUS_BUNDLE": value} if value else {})},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == str(value != "0")
