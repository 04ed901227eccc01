"""Which repositories the lists of a host's owner name already, with which key."""

from __future__ import annotations

import base64
from collections.abc import Sequence

import facts.apt
from cluster import host_packages
from cluster.addresses import name_in
from cluster.model import Cluster, Host
from cluster.observed.apt import Lists, Trial
from cluster.preflight import apt
from cluster.preflight.apt import Found
from cluster.sources import AptSource
from engine import remote
from local.apt_download import fingerprints
from local.pins import own_certificate


def found_on(name: str, repositories: Sequence[AptSource]) -> Found | None:
    """apt's lists on a host by its name, and the keys behind entries of `repositories`; None if they could not be read."""
    domains = sorted({name_in(source.uri) for source in repositories})
    lists: Lists | None = remote.fact(name, facts.apt.Lists, domains=domains)
    if lists is None:
        return None
    entries = [entry for entry in lists.entries for source in repositories if apt.is_same(entry, source)]
    keys = {text: _keys(text, lists) for text in {entry.signed_by for entry in entries} if text}
    return Found(lists, keys)


def trial_on(cluster: Cluster, host: Host) -> Trial | None:
    """What apt would do for the packages that `host` lacks; None if it could not be tried."""
    found: Trial | None = remote.fact(
        host.name,
        facts.apt.Trial,
        distribution=host_packages.of_the_distribution(
            cluster, host, has_certificate=own_certificate(cluster) is not None
        ),
        others=host_packages.of_others(host),
        relations=host_packages.RELATIONS,
        programs=host_packages.PROGRAMS,
    )
    return found


def of_the_owner(name: str, repositories: Sequence[AptSource], architecture: str) -> list[str]:
    """Names of the repositories that lists of the owner name with the pinned key."""
    found = found_on(name, repositories)
    return [source.name for source in repositories if found and apt.is_used(found, source, architecture)]


def _keys(signed_by: str, lists: Lists) -> tuple[str, ...] | None:
    """The fingerprints of the key that an entry names; None if gpg could not read it."""
    block, paths, listed = apt.read_signed_by(signed_by)
    rings = [base64.b64decode(lists.keyrings[path]) for path in paths if path in lists.keyrings]
    rings += [block.encode()] if block else []
    found = [fingerprints(ring) for ring in rings]
    if None in found or len(rings) < len(paths):
        return None
    return (*listed, *(key for ring in found for key in ring or ()))
