"""The releases of Debian and Ubuntu, and which of them a host's distribution is built from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cluster.observed.survey import Survey

CODENAMES = {
    ("debian", "10"): "buster",
    ("debian", "11"): "bullseye",
    ("debian", "12"): "bookworm",
    ("debian", "13"): "trixie",
    ("ubuntu", "18.04"): "bionic",
    ("ubuntu", "20.04"): "focal",
    ("ubuntu", "20.10"): "groovy",
    ("ubuntu", "21.04"): "hirsute",
    ("ubuntu", "21.10"): "impish",
    ("ubuntu", "22.04"): "jammy",
    ("ubuntu", "22.10"): "kinetic",
    ("ubuntu", "23.04"): "lunar",
    ("ubuntu", "23.10"): "mantic",
    ("ubuntu", "24.04"): "noble",
    ("ubuntu", "24.10"): "oracular",
    ("ubuntu", "25.04"): "plucky",
    ("ubuntu", "25.10"): "questing",
    ("ubuntu", "26.04"): "resolute",
}


@dataclass(frozen=True)
class Release:
    """A release under which Docker and tailscale publish packages. `distribution`: debian or ubuntu."""

    distribution: str
    version: str
    codename: str


def release_of(found: Survey) -> Release | None:
    """The release of Debian or Ubuntu that the host runs, or that its distribution is built from; None if none is named.

    Derivatives name it in os-release: Mint and Pop!_OS as UBUNTU_CODENAME, LMDE as DEBIAN_CODENAME, Raspbian by ID_LIKE and
    Debian's own code name. Debian's testing has a code name and no number.
    """
    id_, version = found.release_id, found.release_version
    if id_ in ("debian", "ubuntu") and version:
        return Release(id_, version, CODENAMES.get((id_, version), found.codename))
    named = [("ubuntu", found.ubuntu_codename), ("debian", found.debian_codename)]
    named += [(parent, found.codename) for parent in (id_, *found.id_like)]
    for (distribution, number), codename in CODENAMES.items():
        if (distribution, codename) in named:
            return Release(distribution, number, codename)
    return None
