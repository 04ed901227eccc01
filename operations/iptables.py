"""ACCEPT rules in front of the packet filters of a host's image and of other programs."""

from __future__ import annotations

import base64
from collections.abc import Callable, Generator, Mapping, Sequence

from pyinfra import host
from pyinfra.api import StringCommand, operation

from cluster.documents.iptables import Rule, plan
from cluster.file_text import as_bytes
from engine.fail import fail
from facts.network import RULES_V4, SCRIPT, PacketFilter
from facts.systemd import State
from operations.files import File
from operations.files import script as writing

UNIT = "isthmus-host-rules.service"
UNIT_PATH = f"/etc/systemd/system/{UNIT}"


@operation()
def admit(
    rules: Sequence[Rule], script: Callable[[Mapping[str, tuple[Rule, ...]]], str], unit: str
) -> Generator[StringCommand, None, None]:
    """
    Insert ACCEPT rules into each chain that would drop or reject their packets: now, after a reboot, and in the image's saved
    rules. Other chains and all foreign rules stay.

    + rules: the packets to accept
    + script: returns the script that inserts the rules, from iptables backend → rules
    + unit: text of the systemd unit that runs the script at boot
    """
    found = host.get_fact(PacketFilter)
    service = host.get_fact(State, unit=UNIT, reads=[SCRIPT, UNIT_PATH])
    if found is None or service is None:
        yield fail("the host's packet filter could not be read")
        return
    todo = plan(found, rules)
    if not todo.script_rules and found.script is None and todo.kept == found.kept and not todo.pending:
        host.noop("no chain drops the packets of pods or of the tailnet")
        return
    text = script(todo.script_rules)
    is_saved = found.script == text and todo.kept == found.kept and service.enabled and not service.needs_reload
    if is_saved and not todo.pending:
        host.noop("the rules are in place")
        return
    yield StringCommand("sh -s", _stdin=_change(text, unit, todo.kept if todo.kept != found.kept else None))


def _change(script: str, unit: str, kept: str | None) -> str:
    files = [File(SCRIPT, script, "755"), File(UNIT_PATH, unit)]
    return (
        writing(files, {file.path: file.text() for file in files})
        + (_replace_saved(kept) if kept is not None else "")
        + f"systemctl daemon-reload\nsystemctl enable --quiet {UNIT}\nsystemctl restart {UNIT}\n"
    )


def _replace_saved(text: str) -> str:
    """A script that replaces the image's saved rules, after a test by iptables-restore; owner and mode stay."""
    new = f"{RULES_V4}.isthmus-new"
    encoded = base64.encodebytes(as_bytes(text)).decode()
    return (
        f"cp -p {RULES_V4} {new}\nbase64 -d > {new} <<'END-OF-FILE'\n{encoded}END-OF-FILE\n"
        f"iptables-restore --test < {new} || {{ rm -f {new}; exit 1; }}\nmv -f {new} {RULES_V4}\n"
    )
