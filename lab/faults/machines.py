"""Faults of one host: its power, clock, disk, services and packet filters."""

from __future__ import annotations

import base64
import shlex
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from lab import mirror
from lab.commands import run
from lab.faults import filters
from lab.faults.context import Scene, on_host
from lab.world import hosts, lifecycle
from lab.world.quirks import FILES, text

Change = Callable[[Scene], None]
EXPOSED_PORT = 6379
LISTENER = "lab-port-exposed"
FOREIGN_CHAIN = "OTHER-PROGRAM"
AHEAD = 180  # seconds
# One that no service reads when it starts: else the deploy would restart it for the healed file, too.
OWNED_FILE = "/etc/sysctl.d/99-isthmus-network.conf"
CHANGED = "# changed by hand"
# Programs that are started from now on see the other time. Those that run, and static ones, don't.
SKEW_CLOCK = """test ! -e /etc/ld.so.preload || { echo "/etc/ld.so.preload is there already"; exit 1; }
echo %s | base64 -d >/usr/local/lib/skewed-clock.so
echo /usr/local/lib/skewed-clock.so >/etc/ld.so.preload
"""
# A small file system over /var: what was in it is seen, what is written to it has no room. What is mounted below /var is
# mounted there again, so that running programs and new ones see the same.
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
# Private first: else what is mounted below /var would be unmounted in its own place too.
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


def take(scene: Scene) -> None:
    """It stops without a word, and stays away."""
    lifecycle.power_off(scene.place, [scene.host])


def bring_back(scene: Scene) -> None:
    """It boots from the same disk."""
    if not hosts.is_on(scene.place, scene.host):
        lifecycle.power_on(scene.place, scene.world, [scene.host])


def stopping(unit: str) -> Change:
    """A service stops on the host."""
    return lambda scene: _systemctl(scene, "stop", unit)


def starting(unit: str) -> Change:
    """It starts again."""
    return lambda scene: _systemctl(scene, "start", unit)


def _systemctl(scene: Scene, verb: str, unit: str) -> None:
    on_host(scene, f"systemctl {verb} {unit}", scene.given_host or scene.coordinator)


def skew_clock(scene: Scene) -> None:
    """The hosts of a lab share one clock: programs are told another time."""
    on_host(scene, SKEW_CLOCK % base64.b64encode(skewed_clock()).decode())


def skewed_clock() -> bytes:
    """The library. It asks the C library for next to nothing, so it fits every release. (With libfaketime, only root can log in.)"""
    compiler = f"{mirror.request.TRIPLETS[mirror.request.machine_architecture()]}-gcc"
    with TemporaryDirectory() as folder:
        library = Path(folder, "skewed-clock.so")
        run([compiler, "-shared", "-fPIC", "-Os", "-s", f"-DAHEAD={AHEAD}", "-o", library, FILES / "skewed-clock.c"])
        return library.read_bytes()


def set_clock(scene: Scene) -> None:
    """They are no longer."""
    on_host(scene, "rm -f /etc/ld.so.preload /usr/local/lib/skewed-clock.so")


def fill_disk(scene: Scene) -> None:
    """Not that of the machine that the lab runs on."""
    on_host(scene, FILL_DISK)


def empty_disk(scene: Scene) -> None:
    """What was written to /var meanwhile is lost."""
    on_host(scene, EMPTY_DISK)


def change_file(scene: Scene) -> None:
    """A line that the deploy didn't write."""
    on_host(scene, f"test -e {OWNED_FILE} && echo '{CHANGED}' >>{OWNED_FILE}")


def restore_file(scene: Scene) -> None:
    """The line is taken out."""
    on_host(scene, f"sed -i '/^{CHANGED}$/d' {OWNED_FILE}")


def release_lan(scene: Scene) -> None:
    """tailscale's routes to neighbours win over the host's own network."""
    rules = "\n".join(kept_lan(on_host(scene, "ip -4 rule show")))
    if not rules:
        raise scene.refused(f"is not possible on host {scene.host.name}", "nothing keeps its LAN: it is not deployed")
    scene.remember(rules)
    on_host(scene, "\n".join(f"ip -4 rule del {rule}" for rule in rules.splitlines()))


def keep_lan(scene: Scene) -> None:
    """The rules stand again."""
    standing = kept_lan(on_host(scene, "ip -4 rule show"))
    missing = [rule for rule in scene.recall().splitlines() if rule not in standing]
    on_host(scene, "\n".join(f"ip -4 rule add {rule}" for rule in missing))


def kept_lan(shown: str) -> list[str]:
    """The rules of priority 2500 in the output of `ip rule`, as `ip rule add` takes them."""
    words = [line.split() for line in shown.splitlines() if line.startswith("2500:")]
    return [f"priority 2500 {' '.join(rule[1:])}" for rule in words]


def reject_as_image(scene: Scene) -> None:
    """As after the image's own rules were loaded again: what they reject, no other rule can let in."""
    restore(scene, filters.image_rules(text("oracle.rules.v4"), scene.host.sshd_port, scene.mark))


def put_foreign_chain(scene: Scene) -> None:
    """As a program does that knows nothing of pods."""
    restore(scene, filters.foreign_chain(FOREIGN_CHAIN))


def remove_foreign_chain(scene: Scene) -> None:
    """The chain and the rule that calls it."""
    steps = (f"-D FORWARD -j {FOREIGN_CHAIN}", f"-F {FOREIGN_CHAIN}", f"-X {FOREIGN_CHAIN}")
    on_host(scene, "\n".join(f"iptables -w {step} 2>/dev/null || true" for step in steps))


def expose_port(scene: Scene) -> None:
    """Something listens on all addresses, and the packet filter lets everybody in."""
    if scene.host.public is None:
        raise scene.refused(f"is not possible on host {scene.host.name}", "it has no public address of its own")
    on_host(scene, f"systemd-run --quiet --unit={LISTENER} nc -l -k 0.0.0.0 {EXPOSED_PORT}")
    restore(scene, filters.opened(EXPOSED_PORT, scene.mark))


def close_port(scene: Scene) -> None:
    """Nothing listens, and the packet filter is as before."""
    on_host(scene, f"systemctl stop {LISTENER} 2>/dev/null || true")
    remove_rules(scene)


def restore(scene: Scene, rules: str) -> None:
    """Add rules in one step, beside those that are there."""
    on_host(scene, f"printf %s {shlex.quote(rules)} | iptables-restore -w --noflush")


def remove_rules(scene: Scene) -> None:
    """Those with this fault's mark, in one step."""
    on_host(
        scene,
        f"rules=$(iptables -w -S | sed -n '/{scene.mark}/s/^-A/-D/p')\n"
        'printf "*filter\\n%s\\nCOMMIT\\n" "$rules" | iptables-restore -w --noflush',
    )
