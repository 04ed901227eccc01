"""A backup: the data of the hosts, encrypted as it arrives and stored on the operator's machine. Changes nothing on the hosts."""

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

READ_TIMEOUT_S = 600
_encrypted: dict[str, bytes] = {}
_versions: dict[str, str] = {}
_addresses: dict[str, str] = {}


@operation()
def fetch(files: Mapping[str, str], recipients: Sequence[Any]) -> Generator[StringCommand, None, None]:
    """
    Read this host's part of the backup, check that it is complete, and encrypt it in memory.

    + files: name in the backup → script for sh that prints its content in base64
    + recipients: age recipients that can decrypt the backup
    """
    if state.is_executing:
        try:
            for name, script in files.items():
                content = remote.content(host.name, script, READ_TIMEOUT_S)
                _encrypted[name] = backup_archive.encrypt(_checked(name, content), recipients)
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
    Write the encrypted files to build/backups, with their manifest.

    + cluster: the declared cluster
    + away: host that could not be reached → the reason
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
            files=backup_archive.hashes(_encrypted),
        )
        try:
            target = backup_archive.store(
                f"{cluster.cluster_name}-{time.strftime('%Y%m%d-%H%M%S', now)}", _encrypted, about
            )
        except OSError as problem:
            yield fail(f"the backup could not be written: {problem}")
            return
        missing = f"; without {', '.join(away)}, which could not be reached" if away else ""
        logger.info(f"--> {target} holds the backup{missing}")
    yield StringCommand("true")


def _checked(name: str, content: bytes) -> bytes:
    """The content as it is stored: headscale's database in one file, everything else unchanged. Raises Damaged if it is incomplete."""
    if name == backups.ETCD:
        try:
            if not gzip.decompress(content):
                raise headscale_db.Damaged("etcd's snapshot is empty")
        except (OSError, EOFError, zlib.error) as error:
            raise headscale_db.Damaged(f"etcd's snapshot arrived incomplete: {error}") from None
        return content
    files = headscale_db.unpack(content)
    if name == backups.PKI and "pki/ca.key" not in files:
        raise headscale_db.Damaged("/etc/kubernetes/pki has no ca.key; without it no cluster can be restored")
    return headscale_db.pack(headscale_db.merge_log(files)) if name == backups.HEADSCALE else content


def _pairs(text: str) -> dict[str, str]:
    return dict(line.split(" ", 1) for line in text.splitlines() if " " in line)
