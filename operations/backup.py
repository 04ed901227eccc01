"""A backup: what the hosts hold is asked for, encrypted at once, and kept on the operator's machine. Changes nothing on them."""

from __future__ import annotations

import gzip
import time
import zlib
from collections.abc import Generator, Mapping, Sequence
from typing import Any

from pyinfra import host, logger, state
from pyinfra.api import StringCommand, operation

from cluster import backups
from cluster.model import Cluster
from engine import remote
from engine.fail import fail
from facts import backup
from facts.tailscale import Status
from local import backup_archive, headscale_db

ASK_S = 600
_sealed: dict[str, bytes] = {}
_versions: dict[str, str] = {}
_addresses: dict[str, str] = {}


@operation()
def fetch(files: Mapping[str, str], recipients: Sequence[Any]) -> Generator[StringCommand, None, None]:
    """
    Take what this host holds, encrypted as soon as it has come and been found whole.

    + files: name in the backup → the script that prints its content
    + recipients: of age
    """
    if state.is_executing:
        try:
            for name, script in files.items():
                content = remote.content(host.name, script, ASK_S)
                _sealed[name] = backup_archive.encrypt(_checked(name, content), recipients)
            _versions.update(_pairs(remote.run(host.name, backup.VERSIONS)))
        except (remote.RemoteFailure, headscale_db.Damaged) as failure:
            yield fail(f"no backup was made: {failure}")
            return
        found = host.get_fact(Status)
        if found and found.addresses:
            _addresses[host.name] = found.addresses[0]
    yield StringCommand("true")


@operation()
def store(cluster: Cluster, away: Mapping[str, str]) -> Generator[StringCommand, None, None]:
    """
    Write what was taken to build/backups, with its manifest.

    + cluster: the declared one
    + away: hosts that could not be reached, and why
    """
    if state.is_executing:
        now = time.gmtime()
        about = backups.Manifest(
            cluster=cluster.cluster_name,
            made=time.strftime("%Y-%m-%dT%H:%M:%SZ", now),
            kubernetes=_versions.get("kubernetes", ""),
            headscale=_versions.get("headscale", ""),
            control_planes=tuple(member.name for member in cluster.control_planes),
            declared=backups.declared(cluster),
            addresses=_addresses,
            files=backup_archive.hashes(_sealed),
        )
        try:
            target = backup_archive.store(
                f"{cluster.cluster_name}-{time.strftime('%Y%m%d-%H%M%S', now)}", _sealed, about
            )
        except OSError as problem:
            yield fail(f"the backup could not be written: {problem}")
            return
        missing = f"; without {', '.join(away)}, which could not be reached" if away else ""
        logger.info(f"--> {target} holds the backup{missing}")
    yield StringCommand("true")


def _checked(name: str, content: bytes) -> bytes:
    """What was sent, if it is whole; raises Damaged."""
    if name == backups.ETCD:
        try:
            if not gzip.decompress(content):
                raise headscale_db.Damaged("etcd's snapshot is empty")
        except (OSError, EOFError, zlib.error) as error:
            raise headscale_db.Damaged(f"etcd's snapshot did not come whole: {error}") from None
        return content
    files = headscale_db.unpack(content)
    if name == backups.PKI and "pki/ca.key" not in files:
        raise headscale_db.Damaged("/etc/kubernetes/pki holds no ca.key: without it no cluster can be brought back")
    return headscale_db.pack(headscale_db.merge_log(files)) if name == backups.HEADSCALE else content


def _pairs(text: str) -> dict[str, str]:
    return dict(line.split(" ", 1) for line in text.splitlines() if " " in line)
