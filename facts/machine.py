"""What kind of machine a host is."""

from __future__ import annotations

import shlex
import time
from collections.abc import Sequence

from cluster.observed import machine, survey
from facts.base import Fact, parse_errors_as_fact_errors


class Cgroup(Fact[str | None]):
    """`v1` or `v2`; a hybrid hierarchy counts as v1, as kubelet sees it."""

    def command(self) -> str:
        return _CGROUP

    def process(self, output: list[str]) -> str:
        return machine.parse_cgroup(output)


class Container(Fact[str | None]):
    """The kind of container that the host is (lxc, docker …); empty for a real or virtual machine."""

    def command(self) -> str:
        return "systemd-detect-virt --container || true"

    def process(self, output: list[str]) -> str:
        return machine.parse_container(output)


class Hostname(Fact[dict[str, str] | None]):
    """The host's name now (`live`) and after a reboot (`static`)."""

    def command(self) -> str:
        return "uname -n; cat /etc/hostname 2>/dev/null || echo"

    @parse_errors_as_fact_errors
    def process(self, output: list[str]) -> dict[str, str]:
        return {"live": output[0].strip(), "static": output[1].strip() if len(output) > 1 else ""}


class KernelSettings(Fact[dict[str, str | None] | None]):
    """Modules and sysctls: `module NAME` → "loaded" or None, `NAME` → value or None if this kernel has none.

    A module counts as loaded when it is listed, built in, or shows what it brings: in a container none of the lists may be there.
    """

    def command(self, modules: Sequence[str], sysctls: Sequence[str]) -> str:
        listed = " ".join(shlex.quote(module) for module in modules)
        keys = " ".join(shlex.quote(key) for key in sysctls)
        return (
            f'for m in {listed}; do if grep -qw "^$m" /proc/modules || test -d "/sys/module/$m" || grep -qw "$m" /proc/filesystems '
            '|| grep -q "/$m.ko" "/lib/modules/$(uname -r)/modules.builtin" 2>/dev/null || { test "$m" = br_netfilter && test -d /proc/sys/net/bridge; }; '
            'then echo "module $m=loaded"; else echo "module $m="; fi; done; '
            f'for k in {keys}; do echo "$k=$(cat "/proc/sys/$(echo "$k" | tr . /)" 2>/dev/null)"; done'
        )

    @parse_errors_as_fact_errors
    def process(self, output: list[str]) -> dict[str, str | None]:
        return machine.parse_settings(output)


class TimeSync(Fact[machine.TimeServices | None]):
    """The time services of a host: the running one, and the ones that are installed."""

    def command(self) -> str:
        # Without systemd as process 1 it fails: preflight names that, and all else that it finds.
        return (
            "echo services; if systemd-detect-virt --quiet --container; then echo container; fi; "
            f"systemctl show {' '.join(machine.TIME_SERVICES)} -p Id -p LoadState -p ActiveState 2>/dev/null || true"
        )

    @parse_errors_as_fact_errors
    def process(self, output: list[str]) -> machine.TimeServices:
        return machine.parse_time_services(output)


class Survey(Fact[survey.Survey | None]):
    """All that preflight asks, in one question. `names` are DNS names that the host must be able to resolve."""

    def command(self, names: Sequence[str] = ()) -> str:
        return _SURVEY.replace("CGROUP", _CGROUP).replace("NAMES", " ".join(shlex.quote(wanted) for wanted in names))

    @parse_errors_as_fact_errors
    def process(self, output: list[str]) -> survey.Survey:
        return survey.parse(output, time.time())


# The file is there in a unified hierarchy only; not every stat knows the name of its file system.
_CGROUP = "if test -e /sys/fs/cgroup/cgroup.controllers; then echo cgroup2fs; else stat -fc %T /sys/fs/cgroup; fi"
_SURVEY = r"""
. /etc/os-release
echo "release-id $ID"; echo "release-version ${VERSION_ID:-}"; echo "codename ${VERSION_CODENAME:-unknown}"
echo "release-name ${PRETTY_NAME:-$ID ${VERSION_ID:-}}"; echo "id-like ${ID_LIKE:-}"
echo "ubuntu-codename ${UBUNTU_CODENAME:-}"; echo "debian-codename ${DEBIAN_CODENAME:-}"
echo "kernel $(uname -r)"; echo "glibc $(getconf GNU_LIBC_VERSION 2>/dev/null || echo unknown)"
echo "architecture $(dpkg --print-architecture 2>/dev/null || echo unknown)"
echo "cgroup $(CGROUP)"; echo "container $(systemd-detect-virt --container 2>/dev/null || true)"
echo "init $(cat /proc/1/comm)"; if test -c /dev/net/tun; then echo "tun yes"; else echo "tun no"; fi
awk '$1 == "MemTotal:" {print "memory-kb " $2}' /proc/meminfo
df -Pk /var | awk 'NR == 2 {print "disk-free-kb " $4}'
ip -o -4 address show | awk '{print "address " $2 " " $4}'
ss -Hltunp 2>/dev/null | sed 's/^/listener /'
for name in NAMES; do { timeout 10 getent ahostsv4 "$name" > /dev/null || echo "unresolved $name"; } & done; wait
echo "clock $(date +%s.%N)"
"""
