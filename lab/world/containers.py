"""Hosts as LXC system containers: configuration, power on and off, a way in. hosts.py calls these by the host's kind."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path

from lab.commands import run
from lab.world.first_boot import generic_hostname
from lab.world.overlay import Overlay
from lab.world.plan import HostPlan, WorldPlan
from lab.world.state import Run

MEMORY_FILES = (
    "/sys/fs/cgroup/memory/lxc.payload.{name}/memory.usage_in_bytes",
    "/sys/fs/cgroup/lxc.payload.{name}/memory.current",
)
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


def configuration(lab: Run, host: HostPlan, base: Path, cgroup_v2: bool, ssh_only: bool = False) -> str:
    """A host's LXC configuration, for this machine's version of cgroups."""
    own = lab.host_folder(host.name)
    legacy = not cgroup_v2 and host.release in LEGACY_RELEASES
    text = CONFIG.format(
        hostname=generic_hostname(host),
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


def create(lab: Run, world: WorldPlan, host: HostPlan, overlay: Overlay, ssh_only: bool) -> None:
    """Create what a container needs in addition to its overlay."""
    own = lab.host_folder(host.name)
    for name in REAL_DIRECTORIES:
        (own / name).mkdir(parents=True)
    if ssh_only:
        overlay.directory("run/sshd", 0o755, 0)
    container = lab.folder / "lxc" / host.container
    container.mkdir(parents=True)
    (container / "config").write_text(configuration(lab, host, overlay.base, CGROUP_V2.exists(), ssh_only))


def remove(lab: Run, host: HostPlan) -> None:
    """Remove the container's configuration."""
    shutil.rmtree(lab.folder / "lxc" / host.container)


def boot(lab: Run, host: HostPlan) -> None:
    """Start init in the host's network namespace."""
    lab.record("container", host.container)
    log = lab.host_folder(host.name) / "lxc.log"
    run(["lxc-start", "-P", lab.folder / "lxc", "-n", host.container, "-l", "INFO", "-o", log, "-d"])


def kill(lab: Run, host: HostPlan) -> None:
    """Kill the container."""
    run(["lxc-stop", "-P", lab.folder / "lxc", "-n", host.container, "-k"], check=False)


def is_on(lab: Run, host: HostPlan) -> bool:
    """Whether the container runs."""
    state = run(["lxc-info", "-P", lab.folder / "lxc", "-n", host.container, "-s", "-H"], check=False)
    return state.strip() == "RUNNING"


def failure(lab: Run, host: HostPlan) -> str:
    """Why it can't finish booting; empty as far as is known."""
    return ""


def slowness(lab: Run, host: HostPlan) -> int:
    """The factor for what a wait may take."""
    return 1


def outlook(lab: Run, host: HostPlan) -> str:
    """Empty: a container boots in seconds."""
    return ""


def used_memory(lab: Run, host: HostPlan) -> int | None:
    """The memory that its control group uses, in bytes; None if it does not run."""
    for pattern in MEMORY_FILES:
        file = Path(pattern.format(name=host.container))
        if file.exists():
            return int(file.read_text())
    return None


def label(lab: Run, host: HostPlan) -> str:
    """The kind of host."""
    return "container"


def attach_command(lab: Run, host: HostPlan, command: Iterable[str]) -> list[str]:
    """The command line that runs `command` on a host as root, without SSH."""
    program = shutil.which("lxc-attach") or "lxc-attach"
    path = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    words = [program, "-P", str(lab.folder / "lxc"), "-n", host.container, "--clear-env"]
    return [*words, "-v", path, "-v", "HOME=/root", "-v", "LANG=C.UTF-8", "--", *command]


def shell_command(lab: Run, host: HostPlan) -> list[str]:
    """The command line of a root shell on the host."""
    return attach_command(lab, host, ["bash", "-l"])
