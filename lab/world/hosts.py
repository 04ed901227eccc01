"""Hosts as LXC system containers: disk, configuration, power on and off."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from lab.commands import run
from lab.polling import wait_until
from lab.world import first_boot
from lab.world.network import UPLINK, attach_host
from lab.world.overlay import Overlay
from lab.world.plan import HostPlan, WorldPlan
from lab.world.quirks import QUIRKS, oracle_image
from lab.world.state import Run

CGROUP_V2 = Path("/sys/fs/cgroup/cgroup.controllers")
LEGACY_INIT = "/sbin/init systemd.unified_cgroup_hierarchy=0 SYSTEMD_CGROUP_ENABLE_LEGACY_FORCE=1"
SSHD_INIT = "/usr/sbin/sshd -D -E /var/log/sshd.log -o LogLevel=VERBOSE"
LEGACY_RELEASES = ("trixie",)  # its systemd refuses cgroup v1 otherwise
# The kernel refuses overlayfs on overlayfs, so these are real directories; etcd needs a real disk, too.
REAL_DIRECTORIES = ("containerd", "kubelet", "etcd")
CONFIG = """lxc.uts.name = {hostname}
lxc.rootfs.path = overlay:{base}:{upper}
lxc.namespace.share.net = /run/netns/{namespace}
lxc.mount.auto = proc:rw sys:rw cgroup:rw:force
# Hosts share the machine's clock: one that could set it would set it for all.
lxc.cap.drop = sys_time
lxc.apparmor.profile = unconfined
lxc.autodev = 1
lxc.tty.max = 0
lxc.pty.max = 1024
lxc.mount.entry = /dev/net/tun dev/net/tun none bind,create=file 0 0
lxc.mount.entry = /dev/kmsg dev/kmsg none bind,create=file 0 0
lxc.console.logfile = {folder}/console.log
lxc.init.cmd = {init}
"""


def folder(lab: Run, host: HostPlan) -> Path:
    """The folder of a host's disk and logs."""
    return lab.folder / "hosts" / host.name


def configuration(lab: Run, host: HostPlan, base: Path, cgroup_v2: bool, ssh_only: bool = False) -> str:
    """A host's LXC configuration, for this machine's version of cgroups."""
    own = folder(lab, host)
    legacy = not cgroup_v2 and host.release in LEGACY_RELEASES
    text = CONFIG.format(
        hostname=first_boot.generic_hostname(host),
        base=base,
        upper=own / "upper",
        namespace=host.namespace,
        folder=own,
        init=SSHD_INIT if ssh_only else LEGACY_INIT if legacy else "/sbin/init",
    )
    for name in REAL_DIRECTORIES:
        text += f"lxc.mount.entry = {own / name} var/lib/{name} none bind,create=dir 0 0\n"
    if host.host.memory_mb:
        key = "lxc.cgroup2.memory.max" if cgroup_v2 else "lxc.cgroup.memory.limit_in_bytes"
        text += f"{key} = {host.host.memory_mb}M\n"
    return text


def create(
    lab: Run, world: WorldPlan, host: HostPlan, base: Path, authorized_key: str, ca: Path, ssh_only: bool = False
) -> None:
    """Create a host's disk, as a cloud's image is after its first boot, and its container's configuration."""
    own = folder(lab, host)
    for name in REAL_DIRECTORIES:
        (own / name).mkdir(parents=True)
    overlay = Overlay(base, own / "upper")
    first_boot.write_names(overlay, world, host)
    first_boot.trust_ca(overlay, ca)
    first_boot.create_host_keys(overlay, host)
    if ssh_only:
        overlay.directory("run/sshd", 0o755, 0)
    first_boot.create_login(overlay, host.host.ssh_user, authorized_key)
    if host.host.site.image == "oracle":
        oracle_image(overlay, host)
    for quirk in host.host.rehearsal.oddities:
        QUIRKS[quirk](overlay, world)
    container = lab.folder / "lxc" / host.container
    container.mkdir(parents=True)
    (container / "config").write_text(configuration(lab, host, base, CGROUP_V2.exists(), ssh_only))


def remove_disk(lab: Run, host: HostPlan) -> None:
    """Remove the disk and the container of a host that is off."""
    shutil.rmtree(folder(lab, host))
    shutil.rmtree(lab.folder / "lxc" / host.container)


def boot(lab: Run, world: WorldPlan, host: HostPlan) -> None:
    """Power a host on: a new network namespace, then init."""
    attach_host(world.site(host.host.site.site), host, lab.namespace)
    lab.record("container", host.container)
    log = folder(lab, host) / "lxc.log"
    run(["lxc-start", "-P", lab.folder / "lxc", "-n", host.container, "-l", "INFO", "-o", log, "-d"])


def power_off(lab: Run, hosts: Iterable[HostPlan]) -> None:
    """Cut the power of hosts, all at once: nothing is shut down or synced."""
    hosts = tuple(hosts)
    with ThreadPoolExecutor(max(1, len(hosts))) as pool:
        list(pool.map(lambda host: stop(lab, host), hosts))
    for host in hosts:
        # A namespace exists until its last process ends; its link must go now, because the next boot adds a new one.
        run(["ip", "-n", host.namespace, "link", "delete", UPLINK], check=False)
        run(["ip", "netns", "delete", host.namespace], check=False)


def stop(lab: Run, host: HostPlan) -> None:
    """Kill one container, and wait until it is off."""
    run(["lxc-stop", "-P", lab.folder / "lxc", "-n", host.container, "-k"], check=False)
    wait_until(lambda: not is_on(lab, host), 10)


def is_on(lab: Run, host: HostPlan) -> bool:
    """Whether the container runs."""
    state = run(["lxc-info", "-P", lab.folder / "lxc", "-n", host.container, "-s", "-H"], check=False)
    return state.strip() == "RUNNING"


def attach_command(lab: Run, host: HostPlan, command: Iterable[str]) -> list[str]:
    """The command line that runs `command` on a host as root, without SSH."""
    program = shutil.which("lxc-attach") or "lxc-attach"
    path = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    words = [program, "-P", str(lab.folder / "lxc"), "-n", host.container, "--clear-env"]
    return [*words, "-v", path, "-v", "HOME=/root", "-v", "LANG=C.UTF-8", "--", *command]
