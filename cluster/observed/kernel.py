"""What a host's kernel and its mounts offer to Kubernetes, as facts.kernel.Kernel prints it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

# Module → its option in the kernel's configuration.
OPTIONS = {
    "overlay": "OVERLAY_FS",
    "br_netfilter": "BRIDGE_NETFILTER",
    "nf_tables": "NF_TABLES",
    "veth": "VETH",
    "vxlan": "VXLAN",
}
# The controllers that kubelet needs → their options.
CONTROLLERS = {"cpu": "CGROUP_SCHED", "cpuset": "CPUSETS", "memory": "MEMCG", "pids": "CGROUP_PIDS"}
LOCK = "kernel.modules_disabled"
_FORBIDDEN = re.compile(r"^install .*/(false|true)\b")


@dataclass(frozen=True)
class Kernel:
    """A host's kernel, boot loader and mounts; what is not known is in no field.

    `modules`: module → `present`, `loadable`, `forbidden` (by modprobe.d or a sysctl), `missing` (not built), `gone` (built, but its
    file is not on the disk) or `unknown`. `forbidden_by`: module → the file or sysctl.
    `off`: cgroup controllers that were switched off at boot. `lacking`: controllers that the kernel does not have.
    `boot_files`: files that hold the kernel's command line. `read_only`: mount points. `overlay_root`: the word of the command line
    by which / is in memory, else empty. `installed`: programs of the deploy.
    """

    modules: dict[str, str]
    forbidden_by: dict[str, str]
    off: tuple[str, ...]
    lacking: tuple[str, ...]
    has_kmsg: bool
    boot_files: tuple[str, ...]
    read_only: tuple[str, ...]
    overlay_root: str
    installed: tuple[str, ...]

    def to_json(self) -> dict[str, object]:
        """Plain values, for pyinfra's --json."""
        return asdict(self)


def parse(lines: Sequence[str]) -> Kernel:
    """Lines of `KEY VALUE`, after the script in facts/kernel.py."""
    found: dict[str, list[str]] = {}
    for line in lines:
        key, _, value = line.partition(" ")
        found.setdefault(key, []).append(value.strip())
    config = dict(value.split("=", 1) for value in found.get("config", ()))
    off, lacking = _controllers(found, config)
    modules = _modules(found, config)
    return Kernel(
        modules=modules,
        forbidden_by={name: _forbidding(found, name) for name, state in modules.items() if state == "forbidden"},
        off=off,
        lacking=lacking,
        has_kmsg="yes" in found["kmsg"],
        boot_files=tuple(found.get("boot-file", ())),
        read_only=tuple(found.get("read-only", ())),
        overlay_root=_overlay_root(found.get("boot-word", ())) if found["root"] == ["overlay"] else "",
        installed=tuple(found.get("installed", ())),
    )


def _overlay_root(words: Sequence[str]) -> str:
    """The word by which raspi-config (`boot=overlay`) or overlayroot puts / into memory."""
    off = ("overlayroot=", "overlayroot=disabled")
    return next((word for word in words if not word.startswith("cgroup_") and word not in off), "")


def _controllers(
    found: Mapping[str, Sequence[str]], config: Mapping[str, str]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The controllers that are off, and the ones that the kernel lacks. By two lists: newer kernels leave those of v2 out of /proc/cgroups."""
    listed = dict(line.split() for line in found.get("cgroup", ()))
    unified = " ".join(found["controllers"]).split() if "controllers" in found else None
    if unified is None and not listed:
        return (), ()
    words = (word.partition("=")[2] for word in found.get("boot-word", ()) if word.startswith("cgroup_disable="))
    disabled = {name for word in words for name in word.split(",")}
    off: list[str] = []
    lacking: list[str] = []
    for name, option in CONTROLLERS.items():
        is_there = name in (listed if unified is None else unified)
        if is_there and listed.get(name) != "0":
            continue
        is_built = name in listed or name in disabled or config.get(option) == "y"
        (off if is_built else lacking).append(name)
    return tuple(off), tuple(lacking)


def _modules(found: Mapping[str, Sequence[str]], config: Mapping[str, str]) -> dict[str, str]:
    states = {}
    for line in found.get("module", ()):
        name, code, printed = (*line.split(" ", 2), "")[:3]
        state = _state(code, printed, config.get(OPTIONS[name], ""), has_files="yes" in found["module-files"])
        states[name] = "forbidden" if state == "loadable" and _is_locked(found) else state
    return states


def _state(code: str, printed: str, built: str, *, has_files: bool) -> str:
    """A module's state by what modprobe printed, and by the kernel's configuration (`y`, `m`, `n`, or empty: unknown)."""
    if printed == "present" or built == "y":
        return "present"
    if code == "0":
        return "forbidden" if _FORBIDDEN.match(printed) else "loadable"
    if built == "n":
        return "missing"
    if not has_files:
        return "gone" if built == "m" else "unknown"
    # 127: there is no modprobe, which proves nothing.
    return "unknown" if code == "127" else "missing"


def _is_locked(found: Mapping[str, Sequence[str]]) -> bool:
    return "1" in found["locked"]


def _forbidding(found: Mapping[str, Sequence[str]], module: str) -> str:
    files = (line.partition(" ") for line in found.get("forbidden", ()))
    return next((file for name, _, file in files if name == module), LOCK if _is_locked(found) else "/etc/modprobe.d")
