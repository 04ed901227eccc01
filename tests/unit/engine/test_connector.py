"""The connector through pyinfra itself: facts come out of the cache, all else runs and makes cached answers expire."""

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
from paramiko.ssh_exception import ChannelException
from pyinfra.api import FactBase, ShortFactBase
from pyinfra.connectors.local import LocalConnector
from pyinfra.facts.server import Kernel

from engine import connector
from facts.base import Fact
from tests.places import PROJECT
from tests.unit.engine.fact_cache.world import Line, SharedLine, Who, World, make, replace
from tests.unit.engine.test_pyinfra_internals import sources

__all__ = ["make"]
A = "@fake/a"
LOOK = "this pyinfra {}: look at engine/connector.py before you use it (ISTHMUS_BUNDLE=0 goes without the cache)"
# Programs that ask somebody else than the host itself, where they are called (and not part of a path).
OTHERS = re.compile(r"(?<![\w./-])(kubectl|headscale|tailscale|curl|ping|nc|wget|ssh|dig)(?= )(?! *>)")


class Short(ShortFactBase[str]):
    fact = SharedLine


def test_pyinfra_fetches_facts_and_runs_commands_by_the_connector(
    make: Callable[..., World], monkeypatch: pytest.MonkeyPatch
) -> None:
    world, seen = make(A), []
    asked, commands = [], []
    answer, command = world.dispatcher.answer, world.dispatcher.cache.command
    monkeypatch.setattr(world.dispatcher, "answer", lambda *a, **k: asked.append(a[1]) or answer(*a, **k))
    monkeypatch.setattr(world.dispatcher.cache, "command", lambda host: commands.append(host) or command(host))
    world.run((replace, {"file": "x", "text": "new", "seen": seen}))
    assert len(asked) == 2, LOOK.format("does not pass a fact's command to the connector as the fact gave it")
    assert commands == [A], LOOK.format("does not run an operation's commands by the connector")


def test_facts_and_short_facts_are_cached(make: Callable[..., World]) -> None:
    for executions in (3, 1):
        world = make(A)
        assert world.ask(A, Line, file="one") == "absent"
        assert world.ask(A, Short, file="two") == "absent"
        assert world.ask(A, Who)
        world.dispatcher.history.save()
        assert len(world.sent(A)) <= executions


def test_a_fact_of_pyinfras_own_is_a_command_and_never_cached(make: Callable[..., World], tmp_path: Path) -> None:
    for _ in range(2):
        world = make(A)
        assert world.ask(A, Line, file="one") == "absent"
        assert world.ask(A, Kernel) == world.ask(A, Kernel) == os.uname().sysname
        assert world.ask(A, Line, file="one") == "absent"
        world.dispatcher.history.save()
        assert len(world.sent(A)) == 4
    assert "uname" not in "".join(file.read_text() for file in (tmp_path / "lists").iterdir())


def test_a_fact_declares_whether_its_answer_depends_on_other_hosts(
    make: Callable[..., World], monkeypatch: pytest.MonkeyPatch
) -> None:
    world, shared = make(A), []
    answer = world.dispatcher.answer
    monkeypatch.setattr(world.dispatcher, "answer", lambda *a, **k: shared.append(a[1]) or answer(*a, **k))
    for fact in (Line, SharedLine, Short):
        world.ask(A, fact, file="x")
    assert shared == [False, True, True]


def test_a_refused_session_is_asked_for_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first refusal lost a whole deploy (coordinator, six hosts at once)."""
    answers = [ChannelException(2, "Connect failed"), ChannelException(2, "Connect failed"), "ran"]

    class Refusing(LocalConnector):
        def run_shell_command(self, command: Any, *args: Any, **arguments: Any) -> Any:
            answer = answers.pop(0)
            if isinstance(answer, Exception):
                raise answer
            return answer

    monkeypatch.setattr(connector, "PAUSE_S", 0.01)
    patient: Any = connector.extended(Refusing, None)
    assert patient.run_shell_command(object.__new__(patient), "true") == "ran"
    assert answers == []


def sample(parameter: inspect.Parameter) -> Any:
    kind = str(parameter.annotation)
    if kind == "int":
        return 1
    return {"a": "1"} if "Mapping" in kind or "dict" in kind else ["a"] if "Sequence" in kind else "a"


def our_facts() -> list[type[Fact[Any]]]:
    modules = [import_module(f"facts.{path.stem}") for path in sorted((PROJECT / "facts").glob("[a-z]*.py"))]
    return [
        found
        for module in modules
        for found in vars(module).values()
        if inspect.isclass(found)
        and issubclass(found, FactBase)
        and found.__module__ == module.__name__
        and found is not Fact
    ]


def test_every_fact_is_a_fact_that_may_be_cached() -> None:
    """One made from pyinfra's FactBase would count as a command, and make all cached answers of its host expire."""
    made = [str(path.relative_to(PROJECT)) for path in sources() if "FactBase" in path.read_text()]
    assert made == ["facts/base.py"]
    assert len(our_facts()) > 50


@pytest.mark.parametrize("fact", our_facts(), ids=lambda fact: f"{fact.__module__}.{fact.__name__}")
def test_no_fact_that_asks_others_lacks_the_mark(fact: type[Fact[Any]]) -> None:
    arguments = {
        name: sample(one) for name, one in inspect.signature(fact.command).parameters.items() if name != "self"
    }
    text = str(fact().command(**arguments)).replace("command -v ", "command-v-")
    if OTHERS.search(text):
        assert fact.depends_on_other_hosts, (
            f"{fact.__name__} asks {OTHERS.findall(text)}: it needs depends_on_other_hosts = True"
        )


def test_the_test_above_finds_what_it_looks_for() -> None:
    shared = {f"{fact.__module__}.{fact.__name__}" for fact in our_facts() if fact.depends_on_other_hosts}
    assert {
        "facts.kubernetes.Manifest",
        "facts.tailscale.Status",
        "facts.headscale.Nodes",
        "facts.pings.Answers",
    } <= shared
    assert OTHERS.search("x; timeout 10 headscale nodes list")
    assert not OTHERS.search("cat /etc/headscale/config; echo /usr/bin/ping")


DEPLOY = """
from pyinfra import host
from pyinfra.api import operation
from facts.base import Fact

class Lines(Fact):
    def command(self, path):
        return f"cat '{path}' 2>/dev/null || true"

    def process(self, output):
        return output

@operation()
def line(path, line):
    if line in (host.get_fact(Lines, path=path) or []):
        host.noop("it is there")
        return
    yield f"echo '{line}' >> '{path}'"

for number in host.loop(range(6)):
    # Each asks for the file by another name, so that each is a query of its own.
    line(name=f"line {number}", path="/." * number + "FILE", line=f"line {number}")
"""
CONFIG = """import os
from pyinfra_cli.inventory import make_inventory
from engine.connector import dispatcher_of_this_run
from engine.pyinfra_internals import replace_make_inventory
replace_make_inventory(make_inventory, dispatcher_of_this_run() if os.environ.get("ISTHMUS_BUNDLE") != "0" else None)
"""


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
        "import pyinfra_cli.cli, runpy; from pyinfra.api import Config, State; "
        "from pyinfra.context import ctx_config, ctx_state; ctx_config.set(Config()); ctx_state.set(State()); "
        "runpy.run_path('config.py'); "
        "hosts = pyinfra_cli.cli.make_inventory('tests/inventories/two-sites/inventory.py'); "
        "from engine.connector import CachingConnector; "
        "(cached,) = {issubclass(host.connector_cls, CachingConnector) for host in hosts}; print(cached)"
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


def test_every_command_runs_in_one_locale_whichever_the_host_has(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[dict[str, Any]] = []
    monkeypatch.setattr(LocalConnector, "run_shell_command", lambda self, command, **given: seen.append(given))
    patient = connector.extended(LocalConnector, None)
    patient.run_shell_command(object.__new__(patient), "true", _sudo=True)
    patient.run_shell_command(object.__new__(patient), "true", _env={"A": "b"})
    assert seen == [
        {"_sudo": True, "_env": {"LC_ALL": "C.UTF-8"}},
        {"_env": {"LC_ALL": "C.UTF-8", "A": "b"}},
    ]
