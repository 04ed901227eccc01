"""headscale's SQLite database, read and changed on the operator's machine, so that no host needs sqlite3."""

from __future__ import annotations

import io
import sqlite3
import tarfile
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

from facts.backup import DATABASE

Files = Mapping[str, bytes]


class Damaged(Exception):
    """An archive is incomplete, or the database in it is damaged; the message has the reason."""


def unpack(archive: bytes) -> dict[str, bytes]:
    """File name → content, from a tar.gz. Raises Damaged."""
    try:
        with tarfile.open(fileobj=io.BytesIO(archive), mode="r:gz") as opened:
            members = [member for member in opened if member.isfile()]
            found = {member.name.removeprefix("./"): _content(opened, member) for member in members}
    except (tarfile.TarError, EOFError, OSError) as error:
        raise Damaged(f"the archive arrived incomplete: {error}") from None
    if not found:
        raise Damaged("the archive is empty")
    return found


def pack(files: Files) -> bytes:
    """A tar.gz of files with mode 0600."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for name, content in sorted(files.items()):
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(content), 0o600
            archive.addfile(entry, io.BytesIO(content))
    return packed.getvalue()


def merge_log(files: Files) -> dict[str, bytes]:
    """The files with the write-ahead log merged into the database, after SQLite's integrity check. Raises Damaged."""
    return _edit(files, lambda database: None)


def set_addresses(files: Files, addresses: Mapping[str, str]) -> dict[str, bytes]:
    """The files with other tailnet addresses in the database. `addresses`: host name → IPv4 address. Raises Damaged."""

    def change(database: sqlite3.Connection) -> None:
        names = [(name,) for name in addresses]
        # Two machines must never have one address, not even between the two statements.
        database.executemany("UPDATE nodes SET ipv4 = NULL WHERE hostname = ?", names)
        database.executemany("UPDATE nodes SET ipv4 = ? WHERE hostname = ?", [(at, of) for of, at in addresses.items()])

    return _edit(files, change)


def machine_keys(files: Files) -> tuple[str, ...]:
    """The node keys of all machines in the database. Raises Damaged."""
    found: list[str] = []
    _edit(files, lambda database: found.extend(key for (key,) in database.execute("SELECT node_key FROM nodes")))
    return tuple(found)


def _edit(files: Files, change: Callable[[sqlite3.Connection], None]) -> dict[str, bytes]:
    """The files after `change` of the database, in one file without its log. Raises Damaged."""
    with TemporaryDirectory() as folder:
        database_files = {name: content for name, content in files.items() if name.startswith(DATABASE)}
        for name, content in database_files.items():
            Path(folder, name).write_bytes(content)
        try:
            with closing(sqlite3.connect(Path(folder, DATABASE))) as database:
                (result,) = database.execute("PRAGMA integrity_check").fetchone()
                has_nodes = database.execute("SELECT 1 FROM sqlite_master WHERE name = 'nodes'").fetchone()
                if result != "ok" or not has_nodes:
                    raise Damaged(_damaged(result if result != "ok" else "it has no table of machines"))
                with database:
                    change(database)
                database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        except sqlite3.Error as error:
            raise Damaged(_damaged(str(error))) from None
        others = {name: content for name, content in files.items() if name not in database_files}
        return {**others, DATABASE: Path(folder, DATABASE).read_bytes()}


def _damaged(reason: str) -> str:
    return f"headscale's database is damaged: {reason}; tasks/rebuild_headscale.py replaces it"


def _content(archive: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    opened = archive.extractfile(member)
    return opened.read() if opened else b""
