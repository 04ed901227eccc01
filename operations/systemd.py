"""Services that run, start at boot, and have read their current configuration."""

from __future__ import annotations

import shlex
from collections.abc import Generator, Sequence

from pyinfra import host, state
from pyinfra.api import StringCommand, operation
from pyinfra.api.operation import OperationMeta

from cluster.observed.systemd import Unit
from engine.fail import fail
from facts.systemd import State


def will_have_changed(triggers: Sequence[OperationMeta]) -> bool:
    """Whether one of the operations changes something: as foreseen in the preview, as it was in the run."""
    return any(trigger.did_change() if state.is_executing else trigger.will_change for trigger in triggers)


@operation()
def service(
    unit: str,
    reads: Sequence[str] = (),
    restarted_by: Sequence[OperationMeta] = (),
) -> Generator[StringCommand, None, None]:
    """
    Have a unit run, start at boot, and be restarted when what it reads has changed since it was started.

    A run that was interrupted between writing a file and restarting the service is thus made good by the next one.

    + unit: with its suffix, such as `nginx.service`
    + reads: files that it reads only when it starts
    + restarted_by: operations whose change calls for a restart; those that write what it reads, too: the preview needs them
    """
    unit_state = host.get_fact(State, unit=unit, reads=list(reads))
    if unit_state is None:
        yield fail(f"the state of {unit} could not be read")
        return
    commands = _commands(unit, unit_state, will_have_changed(restarted_by))
    if commands:
        yield StringCommand(" && ".join(commands))
    else:
        host.noop(f"{unit} runs and has read its files")


def _commands(unit: str, found: Unit, triggered: bool) -> list[str]:
    name = shlex.quote(unit)
    commands = []
    if found.needs_reload or triggered:
        commands.append("systemctl daemon-reload")
    if not found.enabled:
        commands.append(f"systemctl enable --quiet {name}")
    if not found.active or found.outdated or triggered:
        commands.append(f"systemctl restart {name}")
    return commands
