"""Backups on the operator's machine: encrypted by age, readable by their owner only, written atomically."""

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
# A small file of every backup, with which an identity is tried.
PROBE = PKI


class Unusable(Exception):
    """A recipient, an identity or a backup can't be used; `problem` has the reason."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        super().__init__(str(problem))


def recipients(given: str) -> list[Any]:
    """The age recipients that can decrypt the backup. `given`: a recipient (`age1…`), or a file with one recipient on each line.

    Raises Unusable.
    """
    where = "--data recipient"
    keys = [given] if given.startswith("age1") else _lines(given, where, "the backup is encrypted for a recipient")
    try:
        found, error = [pyrage.x25519.Recipient.from_str(key) for key in keys], "it is empty"
    except pyrage.RecipientError as failure:
        found, error = [], str(failure)
    if not found:
        raise Unusable(
            Problem(
                where,
                f"{given} is no recipient of age: {error}",
                "nobody could decrypt the backup",
                "run `age-keygen -o identity.txt`, which makes a key and prints its recipient (age1…)",
            )
        )
    return found


def identities(path: str) -> list[Any]:
    """The age identities in a file of age-keygen. Raises Unusable; the message contains nothing of the file."""
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
                f"{path} has no unencrypted age identity",
                "the backup is encrypted",
                "name the file that age-keygen wrote; if it has a passphrase, decrypt it first by `age -d` to a file below /dev/shm",
            )
        )
    return found


def manifest(folder: str) -> Manifest:
    """The manifest of the backup in a folder, after a check of all files' hashes. Raises Unusable."""
    where = "--data from"
    try:
        found = parse((Path(folder) / MANIFEST).read_text())
        broken = [name for name, sha256 in found.files.items() if _sha256(Path(folder), name) != sha256]
    except (OSError, ValueError) as error:
        raise Unusable(
            Problem(where, f"{folder} is no backup: {error}", "the backup is checked before any change", _FROM)
        ) from None
    if broken:
        raise Unusable(
            Problem(
                where,
                f"these files of the backup are changed or missing: {', '.join(broken)}",
                "a restore deletes the old state before it reads them",
                "use another copy of this backup, or another backup",
            )
        )
    return found


def check_identities(folder: str, keys: Sequence[Any]) -> None:
    """Check that the identities decrypt the backup. Raises Unusable."""
    open_file(folder, PROBE, keys)


def open_file(folder: str, name: str, keys: Sequence[Any]) -> bytes:
    """The decrypted content of one file of a backup. Raises Unusable."""
    try:
        content: bytes = pyrage.decrypt((Path(folder) / name).read_bytes(), keys)
    except (OSError, pyrage.DecryptError) as error:
        raise Unusable(
            Problem(
                "--data identity",
                f"the identity does not decrypt {name}: {error}",
                "the backup was encrypted for another recipient, or the file is damaged",
                "name the identity of the recipient that the backup was made for",
            )
        ) from None
    return content


def encrypt(content: bytes, recipients: Sequence[Any]) -> bytes:
    """The content, encrypted by age for all `recipients`."""
    encrypted: bytes = pyrage.encrypt(content, recipients)
    return encrypted


def hashes(files: Mapping[str, bytes]) -> dict[str, str]:
    """File name → sha256 of its content, in hexadecimal digits."""
    return {name: hashlib.sha256(content).hexdigest() for name, content in sorted(files.items())}


def store(name: str, files: Mapping[str, bytes], about: Manifest) -> Path:
    """Write a backup to build/backups/NAME, and return that path. Partial backups of killed runs are deleted. Raises OSError."""
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
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise Unusable(
            Problem(where, f"{path} can't be read: {reason}", why, "name a readable file in age's format")
        ) from None
    return [line for line in lines if line and not line.startswith("#")]


def _sha256(folder: Path, name: str) -> str:
    if "/" in name:
        raise ValueError(f"its manifest lists {name}, which is no plain file name")
    if not (folder / name).is_file():
        return ""
    with (folder / name).open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()
