"""A headscale database for the tests of local/, facts/ and operations/."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path


def files(tmp_path: Path) -> dict[str, bytes]:
    """headscale's files while it runs: the second machine is in the log only."""
    with closing(sqlite3.connect(tmp_path / "db.sqlite")) as made:
        made.execute("PRAGMA journal_mode=WAL")
        made.execute("CREATE TABLE nodes (hostname text, ipv4 text, node_key text)")
        made.execute("INSERT INTO nodes VALUES ('a', '100.64.10.2', 'nodekey:1')")
        made.commit()
        made.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        made.execute("INSERT INTO nodes VALUES ('b', '100.64.10.1', 'nodekey:2')")
        made.commit()
        found = {path.name: path.read_bytes() for path in tmp_path.iterdir() if not path.name.endswith("-shm")}
    return {**found, "noise_private.key": b"privkey:1"}
