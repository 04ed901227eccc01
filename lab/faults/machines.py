"""Faults of one host: its power, clock, disk, services and packet filters."""

from __future__ import annotations

import base64
import shlex
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

from lab import mirror
from lab.commands import run
from lab.faults import filters
from lab.faults.context import Context, on_host
from lab.world import boot, hosts, lifecycle
from lab.world.plan import HostPlan
from lab.world.quirks import FILES, text

Action = Callable[[Context], None]
Part = Literal["host", "coordinator", "gateway"]
EXPOSED_PORT = 6379
LISTENER = "lab-port-exposed"
FOREIGN_CHAIN = "OTHER-PROGRAM"
AHEAD = 180  # seconds
# sshd runs this file before each command.
SSHD_FIRST = "/etc/ssh/sshrc"
SSH_WAITS = 120  # seconds
# No service reads this file when it starts; else the deploy would restart that service for the healed file, too.
DEPLOYED_FILE = "/etc/sysctl.d/99-isthmus-network.conf"
ADDED_LINE = "# changed by hand"
# Programs that start from now on see the other time; running and statically linked programs don't.
SKEW_CLOCK = """test ! -e /etc/ld.so.preload || { echo "/etc/ld.so.preload is there already"; exit 1; }
echo %s | base64 -d >/usr/local/lib/skewed-clock.so
echo /usr/local/lib/skewed-clock.so >/etc/ld.so.preload
"""
# A small file system over /var: its files stay readable, there is no room for new ones. File systems mounted below /var
# are mounted there again, so that running and new programs see the same.
FILL_DISK = """small=/run/lab-disk-full
mkdir -p $small
mount -t tmpfs -o size=32m,mode=755 lab-disk-full $small
mount --make-private $small
mkdir $small/upper $small/work $small/var
below=$(awk '$5 ~ "^/var/" {print $5}' /proc/self/mountinfo | sort)
mount -t overlay -o lowerdir=/var,upperdir=$small/upper,workdir=$small/work lab-disk-full $small/var
covered=//
for mounted in $below; do
    case $mounted/ in "$covered"/*) continue;; esac
    mount --rbind "$mounted" "$small$mounted"
    covered=$mounted
done
dd if=/dev/zero of=$small/filling bs=1M count=31 status=none
mount --rbind $small/var /var
"""
# Private first: else the file systems mounted below /var would be unmounted in their original places, too.
EMPTY_DISK = """small=/run/lab-disk-full
if awk '$5 == "/var"' /proc/self/mountinfo | grep -q lab-disk-full; then
    mount --make-rprivate /var
    umount -l /var
fi
if awk '{print $5}' /proc/self/mountinfo | grep -qx $small; then
    mount --make-rprivate $small
    umount -l $small
fi
if test -d $small; then rmdir $small; fi
"""


def switch_off(context: Context) -> None:
    """Cut the host's power."""
    lifecycle.power_off(context.lab, [context.host])


def switch_on(context: Context) -> None:
    """Boot the host from the same disk, unless it runs."""
    if not hosts.is_on(context.lab, context.host):
        boot.power_on(context.lab, context.world, [context.host])


def stop_unit(unit: str, part: Part = "host") -> Action:
    """An action that stops a unit on the target host, or on the only host with that role."""
    return lambda context: _systemctl(context, "stop", unit, part)


def start_unit(unit: str, part: Part = "host") -> Action:
    """An action that starts it again."""
    return lambda context: _systemctl(context, "start", unit, part)


def _systemctl(context: Context, verb: str, unit: str, part: Part) -> None:
    there: HostPlan = getattr(context, part)
    on_host(context, f"systemctl {verb} {unit}", there)


def skew_clock(context: Context) -> None:
    """Set a machine's own clock; containers share this machine's, so a library that shifts it is preloaded."""
    if context.host.is_machine:
        set_clock(context, AHEAD)
        return
    on_host(context, SKEW_CLOCK % base64.b64encode(skewed_clock()).decode())


def skewed_clock() -> bytes:
    """The shared library. It needs almost nothing of the C library, so it works on every release.

    (With libfaketime, only root can log in on Debian 11 and 12.)
    """
    compiler = f"{mirror.request.TRIPLETS[mirror.request.machine_architecture()]}-gcc"
    with TemporaryDirectory() as folder:
        library = Path(folder, "skewed-clock.so")
        run([compiler, "-shared", "-fPIC", "-Os", "-s", f"-DAHEAD={AHEAD}", "-o", library, FILES / "skewed-clock.c"])
        return library.read_bytes()


def set_clock(context: Context, ahead: int) -> None:
    """Set a machine's clock to so many seconds after this machine's."""
    on_host(context, f"date -u -s @{time.time() + ahead:.1f} >/dev/null")


def unskew_clock(context: Context) -> None:
    """Set a machine's clock right, or remove the library."""
    if context.host.is_machine:
        set_clock(context, 0)
        return
    on_host(context, "rm -f /etc/ld.so.preload /usr/local/lib/skewed-clock.so")


def slow_ssh(context: Context) -> None:
    """Let sshd wait before each command, as on a host with too much to do; what runs already goes on."""
    on_host(context, f"echo 'sleep {SSH_WAITS}' >{SSHD_FIRST}")


def quick_ssh(context: Context) -> None:
    """Remove the wait."""
    on_host(context, f"rm -f {SSHD_FIRST}")


def fill_disk(context: Context) -> None:
    """Mount a full file system over the host's /var; this machine's disk stays as it is."""
    on_host(context, FILL_DISK)


def free_disk(context: Context) -> None:
    """Unmount it. Files written to /var meanwhile are lost."""
    on_host(context, EMPTY_DISK)


def change_file(context: Context) -> None:
    """Append a line to a file that the deploy wrote."""
    on_host(context, f"test -e {DEPLOYED_FILE} && echo '{ADDED_LINE}' >>{DEPLOYED_FILE}")


def restore_file(context: Context) -> None:
    """Remove the line."""
    on_host(context, f"sed -i '/^{ADDED_LINE}$/d' {DEPLOYED_FILE}")


def delete_lan_rule(context: Context) -> None:
    """Delete the rule of priority 2500, so that tailscale's routes win over the host's own LAN."""
    rules = "\n".join(lan_rules(on_host(context, "ip -4 rule show")))
    if not rules:
        raise context.error(
            f"is not possible on host {context.host.name}", "it has no rule of priority 2500: it is not deployed"
        )
    context.save(rules)
    on_host(context, "\n".join(f"ip -4 rule del {rule}" for rule in rules.splitlines()))


def restore_lan_rule(context: Context) -> None:
    """Add the deleted rules again."""
    present = lan_rules(on_host(context, "ip -4 rule show"))
    missing = [rule for rule in context.saved().splitlines() if rule not in present]
    on_host(context, "\n".join(f"ip -4 rule add {rule}" for rule in missing))


def unroute_pods(context: Context) -> None:
    """Add a rule that discards what the host's pods send to pods on other nodes, answers included; no packet filter shows it."""
    on_host(context, f"ip -4 rule add {_unrouted(context)}")


def route_pods(context: Context) -> None:
    """Delete that rule, if it is there: a boot has deleted it already."""
    on_host(context, f"ip -4 rule del {_unrouted(context)} 2>/dev/null || true")


def _unrouted(context: Context) -> str:
    return f"iif cni0 to {context.world.cluster.pod_cidr} blackhole priority 90"


def lan_rules(shown: str) -> list[str]:
    """The rules of priority 2500 in the output of `ip rule`, as arguments of `ip rule add`."""
    words = [line.split() for line in shown.splitlines() if line.startswith("2500:")]
    return [f"priority 2500 {' '.join(rule[1:])}" for rule in words]


def insert_reject_rules(context: Context) -> None:
    """Insert the image's REJECT rules first, as if the image's rules were loaded again."""
    add_rules(context, filters.image_rules(text("oracle.rules.v4"), context.host.sshd_port, context.mark))


def add_foreign_chain(context: Context) -> None:
    """Insert a chain that drops everything, first in FORWARD."""
    add_rules(context, filters.foreign_chain(FOREIGN_CHAIN))


def remove_foreign_chain(context: Context) -> None:
    """Delete the chain and the jump to it."""
    steps = (f"-D FORWARD -j {FOREIGN_CHAIN}", f"-F {FOREIGN_CHAIN}", f"-X {FOREIGN_CHAIN}")
    on_host(context, "\n".join(f"iptables -w {step} 2>/dev/null || true" for step in steps))


def expose_port(context: Context) -> None:
    """Listen on all addresses, and accept the port in the packet filter."""
    if context.host.public is None:
        raise context.error(f"is not possible on host {context.host.name}", "it has no public address of its own")
    on_host(context, f"systemd-run --quiet --unit={LISTENER} nc -l -k 0.0.0.0 {EXPOSED_PORT}")
    add_rules(context, filters.accept_port(EXPOSED_PORT, context.mark))


def close_port(context: Context) -> None:
    """Stop the listener and remove the rule."""
    on_host(context, f"systemctl stop {LISTENER} 2>/dev/null || true")
    remove_rules(context)


def add_rules(context: Context, rules: str) -> None:
    """Add rules in one step, without flushing the others."""
    on_host(context, f"printf %s {shlex.quote(rules)} | iptables-restore -w --noflush")


def remove_rules(context: Context) -> None:
    """Remove the rules with this fault's comment, in one step."""
    on_host(
        context,
        f"rules=$(iptables -w -S | sed -n '/{context.mark}/s/^-A/-D/p')\n"
        'printf "*filter\\n%s\\nCOMMIT\\n" "$rules" | iptables-restore -w --noflush',
    )
