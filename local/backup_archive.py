"""Backups on the operator's machine: encrypted by age, readable by their owner only, whole or not there."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyrage  # type: ignore[import-untyped]

from cluster.backups import MANIFEST, PKI, Manifest, parse
from cluster.problems import Problem

FOLDER = Path("build/backups")
# Small, and in every backup: by it an identity is tried.
PROBE = PKI


class Unusable(Exception):
    """What was given can't be used; `problem` says why."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        super().__init__(str(problem))


def recipients(given: str) -> list[Any]:
    """Whom a backup is encrypted to: `age1…` itself, or a file with one on each line; raises Unusable."""
    where = "--data recipient"
    keys = [given] if given.startswith("age1") else _lines(given, where, "whoever shall be able to read the backup")
    try:
        found = [pyrage.x25519.Recipient.from_str(key) for key in keys]
    except pyrage.RecipientError as error:
        found, said = [], str(error)
    else:
        said = "it names nobody"
    if not found:
        raise Unusable(
            Problem(
                where,
                f"{given} is no recipient of age: {said}",
                "nobody could read the backup",
                "`age-keygen -o identity.txt` makes a key, and prints the recipient: age1…",
            )
        )
    return found


def identities(path: str) -> list[Any]:
    """The keys that open a backup, from a file of age-keygen; raises Unusable. The message shows nothing of the file."""
    where = "--data identity"
    lines = _lines(path, where, "the backup is encrypted")
    try:
        found = [pyrage.x25519.Identity.from_str(line) for line in lines]
    except pyrage.IdentityError:
        found = []
    if not found:
        raise Unusable(
            Problem(
                where,
                f"{path} holds no key of age in the clear",
                "the backup is encrypted",
                "name the file that age-keygen wrote; one with a passphrase: first `age -d` it to a file in memory, such as below /dev/shm",
            )
        )
    return found


def manifest(folder: str) -> Manifest:
    """What the backup in that folder says of itself, when all its files are as they were written; raises Unusable."""
    where = "--data from"
    try:
        found = parse((Path(folder) / MANIFEST).read_text())
        broken = [name for name, sha256 in found.files.items() if _sha256(Path(folder), name) != sha256]
    except (OSError, ValueError) as error:
        raise Unusable(
            Problem(where, f"{folder} holds no backup: {error}", "it is read before anything is changed", _FROM)
        ) from None
    if broken:
        raise Unusable(
            Problem(
                where,
                f"not as it was written, or missing: {', '.join(broken)}",
                "a damaged backup would be found out when the old state is gone",
                "take another copy of this backup, or another backup",
            )
        )
    return found


def check_identities(folder: str, keys: Sequence[Any]) -> None:
    """See that the keys open the backup; raises Unusable."""
    open_file(folder, PROBE, keys)


def open_file(folder: str, name: str, keys: Sequence[Any]) -> bytes:
    """What is in one file of a backup; raises Unusable."""
    try:
        content: bytes = pyrage.decrypt((Path(folder) / name).read_bytes(), keys)
    except (OSError, pyrage.DecryptError) as error:
        raise Unusable(
            Problem(
                "--data identity",
                f"it does not open {name}: {error}",
                "the backup is encrypted to somebody else, or the file is damaged",
                "name the identity whose recipient the backup was made for",
            )
        ) from None
    return content


def encrypt(content: bytes, recipients: Sequence[Any]) -> bytes:
    """Encrypted, so that only `recipients` can read it."""
    closed: bytes = pyrage.encrypt(content, recipients)
    return closed


def hashes(files: Mapping[str, bytes]) -> dict[str, str]:
    """Name → sha256 of its content."""
    return {name: hashlib.sha256(content).hexdigest() for name, content in sorted(files.items())}


def store(name: str, files: Mapping[str, bytes], about: Manifest) -> Path:
    """Write a backup to build/backups/NAME, and give that path; what a run that was killed has left there goes. Raises OSError."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    target, part = FOLDER / name, FOLDER / f"{name}.part"
    for left in FOLDER.glob(f"{about.cluster}-*.part"):
        shutil.rmtree(left)
    part.mkdir(mode=0o700)
    for file, content in {**files, MANIFEST: about.text().encode()}.items():
        with os.fdopen(os.open(part / file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as written:
            written.write(content)
    part.rename(target)
    return target


_FROM = "name a folder below build/backups, or a copy of one"


def _lines(path: str, where: str, why: str) -> list[str]:
    try:
        lines = [line.strip() for line in Path(path).expanduser().read_text().splitlines()]
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text"
        raise Unusable(Problem(where, f"{path} can't be read: {reason}", why, "name a file that age reads")) from None
    return [line for line in lines if line and not line.startswith("#")]


def _sha256(folder: Path, name: str) -> str:
    if "/" in name:
        raise ValueError(f"{name} is no name of a file in it")
    if not (folder / name).is_file():
        return ""
    with (folder / name).open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()
