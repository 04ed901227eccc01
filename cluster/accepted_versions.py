"""Whether the inventory may declare a version beside the others: what a fix asks to write must be accepted by the next check.

The rules are those of `inventory/checks/versions.py`, which has the words; a test holds one against the other.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from cluster import versions
from cluster.semver import minor, numbers

_FORM = re.compile(r"\d{1,4}\.\d{1,4}\.\d{1,4}", re.ASCII)
DEFAULTS = {
    "kubernetes": versions.DEFAULT_KUBERNETES,
    "containerd": versions.DEFAULT_CONTAINERD,
    "headscale": versions.DEFAULT_HEADSCALE,
    "tailscale": versions.DEFAULT_TAILSCALE,
    "flannel": versions.DEFAULT_FLANNEL,
    "cni_plugins": versions.DEFAULT_CNI_PLUGINS,
}
# Part → its supported minor versions, and the lowest version of its partner that each needs.
_TABLES = {"kubernetes": versions.CONTAINERD_FOR, "headscale": versions.TAILSCALE_FOR}
PARTNER = {"kubernetes": "containerd", "headscale": "tailscale"}


def accepts(part: str, version: str, declared: Mapping[str, str]) -> bool:
    """Whether `version` of `part` may stand beside the versions of the other parts; `declared` may lack parts, which have their defaults."""
    beside = {**DEFAULTS, **declared}
    if not _FORM.fullmatch(version):
        return False
    if part in _TABLES:
        lowest = _TABLES[part].get(minor(version))
        return lowest is not None and minor(beside[PARTNER[part]]) >= lowest
    if part == "containerd":
        lowest = versions.CONTAINERD_FOR.get(minor(beside["kubernetes"]), (2, 0))
        return max(lowest, (2, 0)) <= minor(version) <= versions.CONTAINERD_NEWEST
    if part == "tailscale":
        return minor(version)[1] % 2 == 0 and minor(version) >= versions.TAILSCALE_FOR.get(
            minor(beside["headscale"]), (0, 0)
        )
    return numbers(version) >= {"flannel": versions.FLANNEL_LOWEST, "cni_plugins": versions.CNI_PLUGINS_LOWEST}[part]


def suggestion(part: str, declared: Mapping[str, str]) -> str:
    """A version of kubernetes or headscale that goes with its declared partner; the default if none does, then with its own partner."""
    for found in (DEFAULTS[part], *(f"{major}.{number}.0" for major, number in sorted(_TABLES[part], reverse=True))):
        if accepts(part, found, declared):
            return f'"{found}"'
    other = PARTNER[part]
    return f'"{DEFAULTS[part]}" with {other}_version = "{DEFAULTS[other]}"'


def has_older(part: str, partner: str) -> bool:
    """Whether some supported version of kubernetes or headscale goes with that version of its partner."""
    return any(minor(partner) >= lowest for lowest in _TABLES[part].values())


def lowest_minor(part: str) -> tuple[int, int] | None:
    """The lowest supported minor version; None for a part whose every minor version may follow any other."""
    return min(_TABLES[part]) if part in _TABLES else None


def supported_text(part: str) -> str:
    """The supported minor versions, such as `0.26 to 0.29`."""
    low, high = min(_TABLES[part]), max(_TABLES[part])
    return f"{low[0]}.{low[1]} to {high[0]}.{high[1]}"
