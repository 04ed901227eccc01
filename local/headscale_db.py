"""headscale's database, looked at and mended on the operator's machine: hosts need no tool for it."""

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
    """An archive or the database in it is not whole; says why."""


def unpack(archive: bytes) -> dict[str, bytes]:
    """The files in a tar, by name; raises Damaged."""
    try:
        with tarfile.open(fileobj=io.BytesIO(archive), mode="r:gz") as opened:
            members = [member for member in opened if member.isfile()]
            found = {member.name.removeprefix("./"): _content(opened, member) for member in members}
    except (tarfile.TarError, EOFError, OSError) as error:
        raise Damaged(f"what was sent is not whole: {error}") from None
    if not found:
        raise Damaged("nothing was sent")
    return found


def pack(files: Files) -> bytes:
    """A tar of files that only root can read."""
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w:gz") as archive:
        for name, content in sorted(files.items()):
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(content), 0o600
            archive.addfile(entry, io.BytesIO(content))
    return made.getvalue()


def merge_log(files: Files) -> dict[str, bytes]:
    """The same with the database in one file, its log worked in, after SQLite has found it sound; raises Damaged."""
    return _with(files, lambda database: None)


def set_addresses(files: Files, addresses: Mapping[str, str]) -> dict[str, bytes]:
    """The same with those addresses for the machines that call themselves so; raises Damaged."""

    def change(database: sqlite3.Connection) -> None:
        names = [(name,) for name in addresses]
        # Never two machines of one address, not even for a moment.
        database.executemany("UPDATE nodes SET ipv4 = NULL WHERE hostname = ?", names)
        database.executemany("UPDATE nodes SET ipv4 = ? WHERE hostname = ?", [(at, of) for of, at in addresses.items()])

    return _with(files, change)


def machine_keys(files: Files) -> tuple[str, ...]:
    """The keys by which the machines in the database log in; raises Damaged."""
    found: list[str] = []
    _with(files, lambda database: found.extend(key for (key,) in database.execute("SELECT node_key FROM nodes")))
    return tuple(found)


def _with(files: Files, change: Callable[[sqlite3.Connection], None]) -> dict[str, bytes]:
    with TemporaryDirectory() as folder:
        ours = {name: content for name, content in files.items() if name.startswith(DATABASE)}
        for name, content in ours.items():
            Path(folder, name).write_bytes(content)
        try:
            with closing(sqlite3.connect(Path(folder, DATABASE))) as database:
                (said,) = database.execute("PRAGMA integrity_check").fetchone()
                if said != "ok" or not database.execute("SELECT 1 FROM sqlite_master WHERE name = 'nodes'").fetchone():
                    raise Damaged(f"headscale's database is damaged: {said}; tasks/rebuild_headscale.py makes it anew")
                with database:
                    change(database)
                database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        except sqlite3.Error as error:
            raise Damaged(
                f"headscale's database is damaged: {error}; tasks/rebuild_headscale.py makes it anew"
            ) from None
        others = {name: content for name, content in files.items() if name not in ours}
        return {**others, DATABASE: Path(folder, DATABASE).read_bytes()}


def _content(archive: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    opened = archive.extractfile(member)
    return opened.read() if opened else b""
