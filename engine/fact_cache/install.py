"""The hold on pyinfra 3.10: six names of its `api.host`, and no more. tests/unit/engine/fact_cache/test_install.py says when they no longer serve."""

from __future__ import annotations

import atexit
import hashlib
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

import click
import pyinfra.api.host
from gevent.local import local  # type: ignore[import-untyped]
from pyinfra.api import Host, ShortFactBase

from engine.fact_cache.dispatch import Asking
from engine.fact_cache.history import Remembered

LISTS = Path("build/questions")
# Whatever else reaches a host may change it. After a disconnection it may have been started anew.
COMMANDS = ("put_file", "get_file", "rsync", "disconnect")


class _Question(local):  # type: ignore[misc]
    """The fact that this greenlet is about to ask."""

    fact: type[Any] | None = None


_about = _Question()


def keep_answers() -> None:
    """For this process: send each host its questions in one execution, and keep the answers until a command has run."""
    asking = Asking(Remembered(_folder()))
    install(asking)
    atexit.register(asking.remembered.save)


def install(asking: Asking) -> None:
    """Put `asking` between pyinfra's hosts and their connections."""
    pyinfra.api.host.get_fact = _announced(pyinfra.api.host.get_fact)
    Host.run_shell_command = _told_apart(asking, Host.run_shell_command)  # type: ignore[method-assign]
    for name in COMMANDS:
        setattr(Host, name, _a_command(asking, getattr(Host, name)))


def _announced(get_fact: Callable[..., Any]) -> Callable[..., Any]:
    """`get_fact(state, host, cls, …)`, which says to `run_shell_command` that what comes is a question."""

    @wraps(get_fact)
    def announced(state: Any, host: Any, cls: type[Any], *args: Any, **kwargs: Any) -> Any:
        before, _about.fact = _about.fact, cls
        try:
            return get_fact(state, host, cls, *args, **kwargs)
        finally:
            _about.fact = before

    return announced


def _told_apart(asking: Asking, run: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(run)
    def told_apart(self: Host, command: Any, *args: Any, **kwargs: Any) -> Any:
        # Only one command of a fact is its question; a connection that first needs something of its own runs commands.
        fact, _about.fact = _about.fact, None
        if fact is None or args:
            with asking.kept.command(self.name):
                return run(self, command, *args, **kwargs)
        return asking.ask(self.name, is_shared(fact), lambda *a, **k: run(self, *a, **k), command, **kwargs)

    return told_apart


def _a_command(asking: Asking, method: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(method)
    def command(self: Host, *args: Any, **kwargs: Any) -> Any:
        with asking.kept.command(self.name):
            return method(self, *args, **kwargs)

    return command


def is_shared(fact: type[Any]) -> bool:
    """Whether the fact says of itself that its answer depends on other hosts than the one that is asked."""
    while issubclass(fact, ShortFactBase):
        fact = fact.fact
    return bool(getattr(fact, "depends_on_other_hosts", False))


def _folder() -> Path | None:
    """Where the lists of this inventory and these entry files are; None where the command line names no entry file."""
    context = click.get_current_context(silent=True)
    named = context.params if context else {}
    entries = [str(entry) for entry in named.get("operations", ())]
    if not entries or not all(entry.endswith(".py") for entry in entries):
        return None
    inventory = hashlib.sha256(str(Path(str(named["inventory"])).absolute()).encode()).hexdigest()[:12]
    return LISTS / inventory / "+".join(entry.replace("/", "-") for entry in entries)
