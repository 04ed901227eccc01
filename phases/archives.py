"""What can be known of a backup, and of the keys to it, before any host is contacted."""

from __future__ import annotations

from collections.abc import Mapping

from cluster import backups
from cluster.model import Cluster
from cluster.problems import Problem
from operations import vault


def problems(task: str, cluster: Cluster, given: Mapping[str, str]) -> list[Problem]:
    """What is wrong with the recipient or the backup that a task was given; nothing for other tasks."""
    try:
        if task == "backup":
            vault.recipients(given["recipient"])
        elif task == "restore":
            about = vault.manifest(given["from"])
            return backups.misfits(about, cluster, given["from"]) or _closed(given)
    except vault.Unusable as refused:
        return [refused.problem]
    return []


def _closed(given: Mapping[str, str]) -> list[Problem]:
    vault.tried(given["from"], vault.identities(given["identity"]))
    return []
