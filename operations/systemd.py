"""systemd services: running, enabled, and restarted after a change of their files."""

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
    """Whether one of the operations changes something: in the preview whether it will, in the run whether it did."""
    return any(trigger.did_change() if state.is_executing else trigger.will_change for trigger in triggers)


@operation()
def service(
    unit: str,
    reads: Sequence[str] = (),
    restarted_by: Sequence[OperationMeta] = (),
) -> Generator[StringCommand, None, None]:
    """
    Start and enable a unit, and restart it if a file that it reads is newer than its start.

    Because the file's time decides, the next run makes up for a run that was interrupted between a file and the restart.

    + unit: name of the unit with its suffix, such as `nginx.service`
    + reads: paths of files that the unit reads at its start only
    + restarted_by: operations whose change requires a restart; also the operations that write `reads` (for the preview)
    """
    unit_state = host.get_fact(State, unit=unit, reads=list(reads))
    if unit_state is None:
        yield fail(f"the state of {unit} could not be read")
        return
    commands = _commands(unit, unit_state, will_have_changed(restarted_by))
    if commands:
        yield StringCommand(" && ".join(commands))
    else:
        host.noop(f"{unit} runs with its current files")


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
