"""The certificate files that the inventory names: read and judged before any host is contacted."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from cluster.model import Certificate
from cluster.problems import Problem
from local.paths import is_file, shown

MOST_BYTES = 1 << 20
_WHY = "nginx on the gateway gets it from the operator's machine, and every host logs in by it"
_KEY, _CERTIFICATE = "group_data/all.py certificate.key", "group_data/all.py certificate.certificate"


def problems(files: Certificate, name: str, now: datetime | None = None) -> list[Problem]:
    """What is wrong with the two files for the coordination server `name`: absent, no PEM, no pair, for another name, out of date."""
    absent = [
        Problem(
            where,
            f"{shown(path)} is not a file",
            _WHY,
            "put it there, or correct the path, which begins at the inventory's folder",
        )
        for where, path in ((_CERTIFICATE, files.certificate), (_KEY, files.key))
        if not is_file(path)
    ]
    return absent or list(_contents(files, name, now or datetime.now(UTC)))


def _contents(files: Certificate, name: str, now: datetime) -> Iterator[Problem]:
    try:
        first, second = _bytes(files.certificate), _bytes(files.key)
    except OSError as error:
        yield Problem(
            _CERTIFICATE, f"{shown(str(error.filename))} can't be read: {error.strerror}", _WHY, "let your user read it"
        )
        return
    if b"PRIVATE KEY-----" in first and b"BEGIN CERTIFICATE-----" in second:
        yield Problem(
            "group_data/all.py certificate",
            f"{shown(files.certificate)} is the private key, and {shown(files.key)} the certificate",
            "the private key would be written where every user of the gateway can read it",
            "exchange the two paths",
        )
        return
    chain, key = _chain(first), _private_key(second)
    if not chain:
        yield _no_pem(_CERTIFICATE, files.certificate, "certificate")
    if key is None:
        yield _no_pem(_KEY, files.key, "private key without a passphrase")
    if chain and key is not None and _public(chain[0].public_key()) != _public(key.public_key()):
        yield _no_pair(files, chain, key)
    if chain:
        yield from _leaf(files, chain[0], name, now)


def _leaf(files: Certificate, leaf: x509.Certificate, name: str, now: datetime) -> Iterator[Problem]:
    where, path = _CERTIFICATE, shown(files.certificate)
    if leaf.not_valid_after_utc <= now:
        yield Problem(
            where, f"{path} was valid until {leaf.not_valid_after_utc:%Y-%m-%d}", _WHY, "have a new one issued"
        )
    elif leaf.not_valid_before_utc > now:
        yield Problem(
            where,
            f"{path} is not valid before {leaf.not_valid_before_utc:%Y-%m-%d}",
            _WHY,
            "see that this machine's clock is right",
        )
    names = _names(leaf)
    if not any(_covers(pattern, name) for pattern in names):
        served = (
            f"is for {', '.join(names[:3])}{' and others' if len(names) > 3 else ''}"
            if names
            else "names no server (it has no SAN)"
        )
        yield Problem(
            where, f"{path} {served}, not for {name}", _WHY, f"have one issued for {name}, or correct coordination_name"
        )


def _no_pem(where: str, path: str, kind: str) -> Problem:
    return Problem(where, f"{shown(path)} holds no {kind} (PEM)", _WHY, f"name a file that holds a {kind}")


def _no_pair(files: Certificate, chain: list[x509.Certificate], key: Any) -> Problem:
    own = next(
        (number for number, one in enumerate(chain, 1) if _public(one.public_key()) == _public(key.public_key())), 0
    )
    if own:
        what, fix = (
            f"certificate {own} of {shown(files.certificate)} fits the key, not the first",
            "put the server's own certificate first",
        )
        return Problem(_CERTIFICATE, what, "nginx sends the first one as the server's own", fix)
    what = f"{shown(files.key)} does not fit {shown(files.certificate)}"
    return Problem(
        _KEY,
        what,
        "nginx does not start with a key of another certificate",
        "name the key that the certificate was issued for",
    )


def _bytes(path: str) -> bytes:
    with Path(path).open("rb") as opened:
        return opened.read(MOST_BYTES)


def _chain(text: bytes) -> list[x509.Certificate]:
    try:
        return x509.load_pem_x509_certificates(text)
    except ValueError:
        return []


def _private_key(text: bytes) -> Any:
    """The key; None if there is none, or if it is encrypted: nginx can't ask for a passphrase."""
    try:
        return load_pem_private_key(text, None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return None


def _public(key: Any) -> bytes:
    return bytes(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))


def _names(leaf: x509.Certificate) -> list[str]:
    try:
        found = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except (x509.ExtensionNotFound, ValueError):
        return []
    return [str(name).lower() for name in found.value.get_values_for_type(x509.DNSName)]


def _covers(pattern: str, name: str) -> bool:
    """Whether a name of a certificate, such as *.example.org, is good for `name` (RFC 6125)."""
    return pattern == name or (pattern.startswith("*.") and pattern[2:] == name.partition(".")[2])
