"""What is printed of the kind of machine that a host is."""

from __future__ import annotations

from collections.abc import Sequence


def parse_cgroup(lines: Sequence[str]) -> str:
    """`v1` or `v2`, after the type of the file system at /sys/fs/cgroup; a hybrid hierarchy counts as v1, as for kubelet."""
    return "v2" if lines[0].strip() == "cgroup2fs" else "v1"


def parse_container(lines: Sequence[str]) -> str:
    """The kind of container (lxc, docker …) by systemd-detect-virt; empty for a real or virtual machine."""
    kind = lines[0].strip()
    return "" if kind == "none" else kind


def parse_swap(lines: Sequence[str]) -> dict[str, list[str]]:
    """Swap in use (`active`: paths) and swap that a reboot would turn on (`fstab`: lines), each line after its kind."""
    return {
        "active": [line.split()[1] for line in lines if line.startswith("active ")],
        "fstab": [line.removeprefix("fstab ") for line in lines if line.startswith("fstab ")],
    }


def parse_settings(lines: Sequence[str]) -> dict[str, str | None]:
    """`NAME=VALUE` of modules (`module NAME`) and sysctls; None for an empty value."""
    return {key: value.strip() or None for key, _, value in (line.partition("=") for line in lines)}
