"""What can be known of a backup, and of the keys to it, before any host is contacted."""

from __future__ import annotations

from collections.abc import Mapping

from cluster import backups
from cluster.model import Cluster
from cluster.problems import Problem
from local import backup_archive


def problems(task: str, cluster: Cluster, given: Mapping[str, str]) -> list[Problem]:
    """What is wrong with the recipient or the backup that a task was given; nothing for other tasks."""
    try:
        if task == "backup":
            backup_archive.recipients(given["recipient"])
        elif task == "restore":
            about = backup_archive.manifest(given["from"])
            return backups.incompatibilities(about, cluster, given["from"]) or _closed(given)
    except backup_archive.Unusable as refused:
        return [refused.problem]
    return []


def _closed(given: Mapping[str, str]) -> list[Problem]:
    backup_archive.check_identities(given["from"], backup_archive.identities(given["identity"]))
    return []
