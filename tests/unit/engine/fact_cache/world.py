"""Hosts on pyinfra's real engine: each is a folder of this machine, and each execution on it is counted."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pyinfra.api import Config, Host, Inventory, State, operation
from pyinfra.api.connect import connect_all
from pyinfra.api.operation import add_op
from pyinfra.api.operations import run_ops
from pyinfra.connectors.local import LocalConnector
from pyinfra.context import ctx_host, ctx_inventory, ctx_state

from engine.connector import extended
from engine.fact_cache.dispatch import Dispatcher
from engine.fact_cache.history import History
from facts.base import Fact

Step = Callable[[], Any]


class Folder(LocalConnector):
    """Runs a command with the host's folder in $HERE, and with $WHO as who runs it; nobody is asked for a password."""

    def __init__(self, state: State, host: Host, here: Path) -> None:
        super().__init__(state, host)
        self.here = here
        self.sent: list[str] = []
        self.while_running: dict[str, Step] = {}

    def connect(self) -> None:
        return None

    def run_shell_command(self, command: Any, *args: Any, **arguments: Any) -> Any:
        who = "root" if arguments.pop("_sudo", False) else "user"
        text = command if isinstance(command, str) else command.get_raw_value()
        self.sent.append(text)
        arguments["_env"] = {**(arguments.get("_env") or {}), "HERE": str(self.here), "WHO": who}
        answer = super().run_shell_command(command, *args, **arguments)
        for part, step in list(self.while_running.items()):
            if part in text or part in str(arguments.get("_stdin")):
                del self.while_running[part]
                step()
        return answer


class Line(Fact[str]):
    """A line of this host's own."""

    def command(self, file: str) -> str:
        return f'cat "$HERE/{file}" 2>/dev/null || echo absent'

    def process(self, output: list[str]) -> str:
        return output[0]


class SharedLine(Line):
    """The same, of a file that other hosts may write."""

    depends_on_other_hosts = True


class Who(Fact[str]):
    def command(self) -> str:
        return 'echo "$WHO"'


class Failing(Fact[str]):
    @staticmethod
    def default() -> str:
        return "default"

    def command(self) -> str:
        return "echo half; exit 3"


@operation()
def replace(file: str, text: str, seen: list[str], fact: type[Line] = Line, note: str = "") -> Any:
    """Reads, writes where it differs, and reads again."""
    host = ctx_host.get()
    found = host.get_fact(fact, file=file)
    seen.append(found)
    if found == text:
        host.noop("as it shall be")
        return
    yield f'echo {text} > "$HERE/{file}"'
    seen.append(host.get_fact(fact, file=file))


class World:
    """Some hosts, with the fact cache if there is a `layer`; `lists` = the folder of its history."""

    def __init__(self, folder: Path, names: list[str], lists: Path | None, layer: bool) -> None:
        self.dispatcher = Dispatcher(History(lists))
        self.inventory = Inventory((names, {}))
        self.state = State(self.inventory, Config())
        for host in self.inventory:
            here = folder / host.name.replace("/", "-")
            here.mkdir(exist_ok=True)
            connector: type[Any] = extended(Folder, self.dispatcher) if layer else Folder
            host.connector = connector(self.state, host, here)

    def host(self, name: str) -> Host:
        return self.inventory.get_host(name)

    def folder(self, name: str) -> Folder:
        connector: Folder = self.host(name).connector
        return connector

    def ask(self, name: str, fact: type[Fact[Any]], **arguments: Any) -> Any:
        with ctx_state.use(self.state), ctx_inventory.use(self.inventory), ctx_host.use(self.host(name)):
            return self.host(name).get_fact(fact, **arguments)

    def command(self, name: str, text: str, **arguments: Any) -> bool:
        ok, _ = self.host(name).run_shell_command(text, **arguments)
        return bool(ok)

    def run(self, *steps: tuple[Any, dict[str, Any]], yes: bool = True) -> None:
        """Operations on all hosts, as `pyinfra -y` or with a preview before."""
        self.state.check_for_changes = not yes
        with ctx_state.use(self.state), ctx_inventory.use(self.inventory):
            connect_all(self.state)
            for one, arguments in steps:
                add_op(self.state, one, **arguments)
            run_ops(self.state)

    def sent(self, name: str) -> list[str]:
        """What was executed on the host since it was last asked for."""
        before, self.folder(name).sent = self.folder(name).sent, []
        return before


@pytest.fixture
def make(tmp_path: Path) -> Callable[..., World]:
    """Worlds one after the other on the same folders, each like a run of its own."""

    def built(*names: str, layer: bool = True, lists: Path | None = tmp_path / "lists") -> World:
        return World(tmp_path, list(names) or ["@fake/a"], lists, layer)

    return built


Make = Callable[..., World]
A, B = "@fake/a", "@fake/b"
NAMES = ["one", "two", "three", "four", "five", "six", "seven"]


def learned(make: Make, *hosts: str, fact: type[Line] = Line) -> World:
    """A world whose earlier run asked for all NAMES on each host."""
    before = make(*hosts)
    for host in hosts:
        for name in NAMES:
            before.ask(host, fact, file=name)
    before.dispatcher.history.save()
    return make(*hosts)
