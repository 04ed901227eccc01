"""The checks of a backup and of its keys that need no host."""

from __future__ import annotations

from collections.abc import Mapping

from cluster import backups
from cluster.model import Cluster
from cluster.problems import Problem
from local import backup_archive


def problems(task: str, cluster: Cluster, given: Mapping[str, str]) -> list[Problem]:
    """Problems of the recipient (task backup), or of the backup and the identity (task restore); none for other tasks.

    `given`: the task's arguments.
    """
    try:
        if task == "backup":
            backup_archive.recipients(given["recipient"])
        elif task == "restore":
            about = backup_archive.manifest(given["from"])
            return backups.incompatibilities(about, cluster, given["from"]) or _check_identities(given)
    except backup_archive.Unusable as refused:
        return [refused.problem]
    return []


def _check_identities(given: Mapping[str, str]) -> list[Problem]:
    backup_archive.check_identities(given["from"], backup_archive.identities(given["identity"]))
    return []
