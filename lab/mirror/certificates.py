"""The lab's certificate authority, and certificates signed by it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import trustme

DAYS = 365


def make_ca(directory: Path) -> tuple[Path, Path]:
    """The authority in a folder, (certificate, key); it is created at the first call."""
    certificate, key = directory / "ca.crt", directory / "ca.key"
    if not (certificate.is_file() and key.is_file()):
        directory.mkdir(parents=True, exist_ok=True)
        ca = trustme.CA(organization_name="isthmus lab", organization_unit_name="isthmus lab CA")
        write_key(ca.private_key_pem, key)
        ca.cert_pem.write_to_path(certificate)
    return certificate, key


def sign(ca_cert: Path, ca_key: Path, identities: Iterable[str], out_cert: Path, out_key: Path) -> None:
    """Issue a certificate for these DNS names and IP addresses (at least one), valid for DAYS, with a new key of mode 0600."""
    ca = trustme.CA.from_pem(ca_cert.read_bytes(), ca_key.read_bytes())
    issued = ca.issue_cert(*identities, not_after=datetime.now(UTC) + timedelta(days=DAYS))
    write_key(issued.private_key_pem, out_key)
    issued.cert_chain_pems[0].write_to_path(out_cert)


def write_key(key: trustme.Blob, target: Path) -> None:
    """Write a key as PEM; only its owner can read it, from the first moment."""
    target.unlink(missing_ok=True)
    target.touch(mode=0o600)
    key.write_to_path(target)
