"""Our links and ports in firewalld, by its own command, and their removal."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Generator, Sequence

from pyinfra import host
from pyinfra.api import StringCommand, operation

from cluster.documents.firewalld import removal
from cluster.observed.nftables import Ruleset
from engine.fail import fail
from facts.files import Content
from facts.network import FIREWALLD
from facts.network import Ruleset as Question

_ZONES = "/etc/firewalld/zones"


@operation()
def admit(calls: Callable[[Ruleset], Sequence[Sequence[str]]]) -> Generator[StringCommand, None, None]:
    """
    Add what firewalld refuses to its settings, now and for the next start. All its other settings stay.

    + calls: returns the arguments of firewall-cmd, one tuple a call
    """
    found = host.get_fact(Question)
    if found is None:
        yield fail("the host's packet filter could not be read")
        return
    wanted = [shlex.join(call) for call in calls(found)]
    if not wanted:
        host.noop("firewalld refuses nothing of ours, or is not there")
        return
    # What is added is noted first, so that a reset removes it even if this was interrupted.
    lines = "".join(f"note {shlex.quote(call)}\nadd {call}\n" for call in wanted)
    yield StringCommand("sh -s", _stdin=f"{_ADD}{lines}")


@operation()
def release() -> Generator[StringCommand, None, None]:
    """Remove from firewalld's settings what the deploy has added."""
    added = host.get_fact(Content, path=FIREWALLD)
    if added is None:
        yield fail(f"{FIREWALLD} could not be read")
        return
    calls = [shlex.join(removal(shlex.split(line))) for line in added if line.strip() and not line.startswith("#")]
    if not calls:
        host.noop("firewalld has no setting of ours")
        return
    lines = "".join(f"remove {call}\n" for call in calls)
    yield StringCommand("sh -s", _stdin=f"{_REMOVE}{lines}{_FORGET}")


# The first lines of our note are the files that were there before, as comments.
_ADD = f"""set -e
mkdir -p {FIREWALLD.rpartition("/")[0]}
test -e {FIREWALLD} || ls {_ZONES} | sed 's/^/# /' > {FIREWALLD}
note() {{ grep -qxF -- "$1" {FIREWALLD} 2>/dev/null || echo "$1" >> {FIREWALLD}; }}
add() {{ firewall-cmd --quiet --permanent "$@"; firewall-cmd --quiet "$@"; }}
"""
# firewalld may have been removed, or be stopped: then its files are changed without it.
_REMOVE = """remove() {
  if firewall-cmd --state > /dev/null 2>&1; then firewall-cmd --quiet --permanent "$@"; firewall-cmd --quiet "$@"
  elif command -v firewall-offline-cmd > /dev/null; then firewall-offline-cmd --quiet "$@"; fi; true
}
"""
# A zone's file that was not there, and that is as its package has it again.
_FORGET = f"""for f in {_ZONES}/*; do n=${{f##*/}}
  grep -qxF -- "# $n" {FIREWALLD} && continue
  case "$n" in *.old) rm -f "$f";; *) if cmp -s "$f" "/usr/lib/firewalld/zones/$n"; then rm -f "$f"; fi;; esac; done
rm -f {FIREWALLD}
"""
