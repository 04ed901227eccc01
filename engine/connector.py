"""The connector of every host: pyinfra's own, with patience for refused SSH sessions and with the fact cache.

It overrides methods that pyinfra documents for connectors (`BaseConnector`), so nothing of pyinfra is replaced for it.
"""

# The classes are mixed in before a connector, which `super()` leads to.
# mypy: disable-error-code="safe-super"

from __future__ import annotations

import atexit
import hashlib
from functools import cache
from pathlib import Path
from typing import Any

import gevent  # type: ignore[import-untyped]
from paramiko.ssh_exception import ChannelException
from pyinfra.api import Inventory
from pyinfra.connectors.base import BaseConnector
from pyinfra.connectors.ssh import SSHConnector

from engine import command_line
from engine.fact_cache.dispatch import Dispatcher
from engine.fact_cache.history import History
from engine.ssh import ALONE_S, PAUSE_S
from engine.ssh_connection import SshSessions
from facts.base import FactCommand

# What programs print is read: a language of the host's, or one that the login brings along, must not change it.
LOCALE = {"LC_ALL": "C.UTF-8"}
LISTS = Path("build/questions")


class PatientConnector(BaseConnector):
    """Asks again, for a minute, for a session that sshd refuses; no command has run in it.

    sshd takes ten sessions on a connection (MaxSessions) and counts one until its processes are gone, which a busy host takes
    time for. All hosts of a run may need the coordinator at once; pyinfra alone would give it up.
    """

    def run_shell_command(self, command: Any, *args: Any, **arguments: Any) -> Any:
        """Run the command in the locale C.UTF-8; raises ChannelException if no session was to be had."""
        arguments["_env"] = {**LOCALE, **(arguments.get("_env") or {})}
        for _ in range(round(ALONE_S / PAUSE_S)):
            try:
                return super().run_shell_command(command, *args, **arguments)
            except ChannelException:
                gevent.sleep(PAUSE_S)
        return super().run_shell_command(command, *args, **arguments)


class CachingConnector(BaseConnector):
    """Takes answers to facts from the cache; all else may change the host, so that its cached answers expire."""

    dispatcher: Dispatcher

    def run_shell_command(self, command: Any, *args: Any, **arguments: Any) -> Any:
        """Dispatch a fact's command, run any other."""
        if isinstance(command, FactCommand) and not args:
            return self.dispatcher.answer(
                self.host.name, command.depends_on_other_hosts, super().run_shell_command, command, **arguments
            )
        with self.dispatcher.cache.command(self.host.name):
            return super().run_shell_command(command, *args, **arguments)

    def put_file(self, *args: Any, **arguments: Any) -> Any:
        """Upload a file."""
        with self.dispatcher.cache.command(self.host.name):
            return super().put_file(*args, **arguments)

    def get_file(self, *args: Any, **arguments: Any) -> Any:
        """Download a file: with sudo, a copy is written on the host first."""
        with self.dispatcher.cache.command(self.host.name):
            return super().get_file(*args, **arguments)

    def rsync(self, *args: Any, **arguments: Any) -> Any:
        """Send files with rsync."""
        with self.dispatcher.cache.command(self.host.name):
            return super().rsync(*args, **arguments)

    def disconnect(self) -> None:
        """Disconnect; before the next connection, the host may have been restarted."""
        with self.dispatcher.cache.command(self.host.name):
            super().disconnect()


def equip(inventory: Inventory, dispatcher: Dispatcher | None) -> None:
    """Give each host of the inventory such a connector in place of the one that it has; without a dispatcher, nothing is cached."""
    for host in inventory:
        host.connector_cls = extended(host.connector_cls, dispatcher)


@cache
def extended(connector: type[BaseConnector], dispatcher: Dispatcher | None) -> type[BaseConnector]:
    """The connector class with patience, with framed sessions if it is SSH, and with the cache if there is a dispatcher."""
    bases = (SshSessions, connector) if issubclass(connector, SSHConnector) else (connector,)
    if dispatcher is None:
        return type(connector.__name__, (PatientConnector, *bases), {})
    return type(connector.__name__, (CachingConnector, PatientConnector, *bases), {"dispatcher": dispatcher})


def dispatcher_of_this_run() -> Dispatcher:
    """A dispatcher that knows what the last runs asked; this run's questions are added when the process ends."""
    dispatcher = Dispatcher(History(_folder()))
    atexit.register(dispatcher.history.save)
    return dispatcher


def _folder() -> Path | None:
    """The history's folder for this inventory and these deploy files; None if the command line names no deploy file."""
    files = command_line.deploy_files()
    if not files or len(files) < len(command_line.option("operations")):
        return None
    inventory = hashlib.sha256(str(Path(str(command_line.option("inventory"))).absolute()).encode()).hexdigest()[:12]
    return LISTS / inventory / "+".join(file.replace("/", "-") for file in files)
