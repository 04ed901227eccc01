"""Checks of single hosts: SSH, speed, clock, disks, name resolution, open ports, cgroups, packet filter."""

from __future__ import annotations

import re
from collections.abc import Iterator
from statistics import median

from report.exposure import expected
from report.findings import Deviation, View, check, deviation
from report.measurement import LATE, HostMeasured

SKEW_S = 5.0
DISK_PERCENT, INODES_PERCENT = 90, 95
DEPLOY = "run the deploy again"
SLOW_S = 5.0
# What the SSH library reports of a server that accepts the connection and does not go on.
_TOO_LATE = re.compile(r"no greeting in time|authentication timeout", re.IGNORECASE)


@check("host-unreachable")
def unreachable(view: View) -> Iterator[Deviation]:
    """The host can't be reached by SSH."""
    for host in view.measured.hosts:
        if not host.reached and not answers_small_only(view, host) and not is_too_slow(view, host):
            declared = view.cluster.host(host.name)
            yield deviation(
                host.name,
                f"it can't be reached by SSH at {declared.ssh_hostname}:{declared.ssh_port}: {host.error or 'no answer'}",
                "it is on, as other hosts reach it over the tailnet: something on the way closes the port, or its address has changed"
                if view.answers_others(host.name)
                else "it is switched off, its address has changed, or something on the way closes the port",
                f"look at its console; then try: ssh -p {declared.ssh_port} {declared.ssh_user}@{declared.ssh_hostname}",
            )


@check("host-slow", is_mended_by_deploy=False)
def slow(view: View) -> Iterator[Deviation]:
    """The host is on, but answers by SSH more slowly than verify waits."""
    for host in view.measured.hosts:
        too_slow = is_too_slow(view, host)
        if too_slow or (host.reached and (host.answer_s or 0) > SLOW_S):
            yield deviation(
                host.name,
                f"it is on, but its answers come too late: {host.error}; what was to be measured on it is unknown"
                if too_slow
                else f"its first answer took {host.answer_s:.0f} s",
                _why_slow(host),
                f"on {host.name}: uptime; top -b -n 1 | head -n 15; run verify again when its load is lower",
                severity="problem" if too_slow else "warning",
            )


def _why_slow(host: HostMeasured) -> str:
    if host.load is None:
        return "its processor, memory or disk is busy, or the line to it is slow"
    crowd = f"load average {host.load.average:.1f} on {host.load.processors} processor{'s' if host.load.processors > 1 else ''}"
    if host.load.average > host.load.processors:
        return f"{crowd}: its programs wait for each other"
    return f"{crowd}, so it is not the processor: its memory or disk is busy, or the line to it is slow"


def is_too_slow(view: View, host: HostMeasured) -> bool:
    """It could not be measured in time, and is on: it has let somebody log in, or others know.

    A connection that is never made is no slowness: the kernel makes it.
    """
    if host.reached or answers_small_only(view, host):
        return False
    if LATE in host.error:
        return view.answers_others(host.name) is not False
    return bool(_TOO_LATE.search(host.error)) and view.is_on(host.name)


def answers_small_only(view: View, host: HostMeasured) -> bool:
    """It gave a short answer, and no answer that is long in bytes and cheap in work, though it is on."""
    return not host.reached and host.long_answer is False and view.answers_others(host.name) is not False


@check("clock-skew")
def clock_skew(view: View) -> Iterator[Deviation]:
    """The host's clock differs by more than five seconds from the median of all hosts."""
    offsets = {host.name: host.clock_offset_s for host in view.hosts() if host.clock_offset_s is not None}
    common = median(offsets.values()) if len(offsets) > 2 else 0.0
    for name, offset in offsets.items():
        if abs(offset - common) > SKEW_S:
            yield deviation(
                name,
                f"its clock is {offset - common:+.0f} s from the median of all hosts".replace("-", "−"),
                "no time service runs there, or it reaches no time server; certificates and tokens depend on the clock",
                f"on {name}: timedatectl set-ntp true; timedatectl timesync-status",
            )


@check("disk-pressure")
def disk_pressure(view: View) -> Iterator[Deviation]:
    """A file system that the cluster needs is 90 % full (95 % of its inodes), or kubelet reports DiskPressure."""
    pressed = {node.name for node in (view.measured.api and view.measured.api.nodes) or () if node.disk_pressure}
    for host in view.hosts():
        full = {
            mount: disk
            for mount, disk in host.disks.items()
            if disk.used_percent >= DISK_PERCENT or disk.inodes_used_percent >= INODES_PERCENT
        }
        if full or host.name in pressed:
            listed = ", ".join(
                f"{mount} {disk.used_percent} % ({disk.free_mb} MB left)" for mount, disk in full.items()
            )
            yield deviation(
                host.name,
                f"nearly full: {listed}" if listed else "kubelet reports DiskPressure and evicts pods",
                "images, logs or data have filled it; below 10 % kubelet evicts pods and pulls no image",
                f"on {host.name}: du -xh --max-depth=3 /var | sort -h | tail; then remove what is not needed",
                host.evidence.get("disks"),
            )


@check("dns-host")
def dns_host(view: View) -> Iterator[Deviation]:
    """The host can't resolve the coordinator's name."""
    for host in view.hosts():
        missing = [name for name, found in host.names.items() if not found]
        if missing:
            yield deviation(
                host.name,
                f"it can't resolve {', '.join(missing)}",
                "the name servers in its /etc/resolv.conf don't answer or don't know the name",
                f"on {host.name}: cat /etc/resolv.conf; getent ahostsv4 {missing[0]}",
                host.evidence.get("names"),
                host.evidence.get("resolvers"),
            )


@check("exposed-port", is_mended_by_deploy=False)
def exposed_port(view: View) -> Iterator[Deviation]:
    """A TCP port that no service of the host needs in public answers at its public address."""
    for prober in view.hosts():
        for name, ports in prober.open_ports.items():
            allowed = expected(view.cluster, view.cluster.host(name))
            for port in sorted(int(port) for port, is_open in ports.items() if is_open and int(port) not in allowed):
                address = view.cluster.host(name).internet_address
                yield deviation(
                    name,
                    f"TCP {port} answers at {address} from {prober.name}",
                    "a program listens on all addresses, with no packet filter or security list in front of it",
                    f"on {name}: ss -ltnp 'sport = :{port}'; bind it to 127.0.0.1, or close the port in the site's firewall",
                    view.measured.host(name).evidence.get("listeners"),
                    prober.evidence.get("ports"),
                )


@check("cgroup-exception")
def cgroup_exception(view: View) -> Iterator[Deviation]:
    """The node has cgroup v1, or is a container (LXC, Proxmox)."""
    for host in view.nodes():
        declared = view.cluster.host(host.name)
        for name in [*(["cgroup-v1"] if host.cgroup == "v1" else []), *(["container"] if host.container else [])]:
            is_declared = name in declared.exceptions
            yield deviation(
                host.name,
                "it has cgroup v1" if name == "cgroup-v1" else f"it is a container ({host.container})",
                "declared in exceptions"
                if is_declared
                else "kubelet refuses cgroup v1, and a container lacks capabilities",
                "none needed" if is_declared else f"use a machine without it, or declare: exceptions = ('{name}',)",
                host.evidence.get("cgroup" if name == "cgroup-v1" else "container"),
                severity="warning" if is_declared else "problem",
            )


@check("foreign-reject-rule")
def foreign_reject(view: View) -> Iterator[Deviation]:
    """A packet filter on the host rejects or drops what the cluster needs, before any rule of ours, or in a table of nftables' own."""
    for host in view.hosts():
        if host.refused:
            more = f" and {len(host.refused) - 1} more" if len(host.refused) > 1 else ""
            yield deviation(
                host.name,
                f"its packet filter rejects or drops what the cluster needs: no `{host.refused[0]}`{more} before the REJECT or DROP",
                "a rule of the image or of another program comes before ours, or ours are gone",
                f"{DEPLOY}: it restores our rules; all rules: iptables-save | grep -nE 'REJECT|DROP|isthmus'",
            )
        if host.refused_by_nftables:
            yield deviation(
                host.name,
                f"nftables refuses what the cluster needs, in {'; in '.join(host.refused_by_nftables)}",
                "a packet must pass every table, so that our own rules don't help against another one",
                f"{DEPLOY}: before any change it prints the commands that admit them; all rules: nft list ruleset",
                host.evidence.get("drops"),
            )
