"""Certificate files that the inventory names: what keeps nginx from serving them, or hosts from trusting them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import trustme

from cluster.model import Certificate
from local.certificate_files import problems

NAME = "mesh.example.org"
Files = Callable[..., Certificate]


@pytest.fixture(scope="module")
def ca() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def files(tmp_path: Path) -> Files:
    def write(certificate: bytes, key: bytes) -> Certificate:
        (tmp_path / "mesh.crt").write_bytes(certificate)
        (tmp_path / "mesh.key").write_bytes(key)
        return Certificate(certificate=str(tmp_path / "mesh.crt"), key=str(tmp_path / "mesh.key"))

    return write


def pair(leaf: trustme.LeafCert) -> tuple[bytes, bytes]:
    return b"".join(blob.bytes() for blob in leaf.cert_chain_pems), leaf.private_key_pem.bytes()


def told(given: Certificate, name: str = NAME, now: datetime | None = None) -> str:
    return "\n".join(map(str, problems(given, name, now)))


@pytest.mark.parametrize("name", [NAME, "*.example.org"])
def test_a_right_pair(name: str, ca: trustme.CA, files: Files) -> None:
    assert told(files(*pair(ca.issue_cert(name)))) == ""


def test_absent_files(tmp_path: Path) -> None:
    given = Certificate(certificate=str(tmp_path / "no"), key=str(tmp_path))
    assert [problem.where for problem in problems(given, NAME)] == [
        "group_data/all.py certificate.certificate",
        "group_data/all.py certificate.key",
    ]


@pytest.mark.parametrize(
    "text", [b"", b"garbage", b"\x00\xff" * 5000, b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"]
)
def test_no_certificate(text: bytes, ca: trustme.CA, files: Files) -> None:
    certificate, key = pair(ca.issue_cert(NAME))
    assert "holds no certificate (PEM)" in told(files(text, key))
    assert "holds no private key without a passphrase (PEM)" in told(files(certificate, text))


def test_exchanged_files(ca: trustme.CA, files: Files) -> None:
    certificate, key = pair(ca.issue_cert(NAME))
    assert "exchange the two paths" in told(files(key, certificate))


def test_the_certificate_alone_twice(ca: trustme.CA, files: Files) -> None:
    certificate, key = pair(ca.issue_cert(NAME))
    assert "mesh.key holds no private key" in told(files(certificate, certificate))
    assert "mesh.crt holds no certificate" in told(files(key, key))


def test_an_encrypted_key(ca: trustme.CA, files: Files) -> None:
    from cryptography.hazmat.primitives import serialization as form

    certificate, key = pair(ca.issue_cert(NAME))
    private = form.load_pem_private_key(key, None)
    locked = private.private_bytes(form.Encoding.PEM, form.PrivateFormat.PKCS8, form.BestAvailableEncryption(b"x"))
    assert "without a passphrase" in told(files(certificate, locked))


def test_no_pair(ca: trustme.CA, files: Files) -> None:
    certificate, key = pair(ca.issue_cert(NAME))[0], pair(ca.issue_cert(NAME))[1]
    assert "does not fit" in told(files(certificate, key))


def test_the_servers_own_is_not_the_first(ca: trustme.CA, files: Files) -> None:
    certificate, key = pair(ca.issue_cert(NAME))
    assert "certificate 2 of" in told(files(ca.cert_pem.bytes() + certificate, key))


@pytest.mark.parametrize("name", ["other.example.org", "*.example.com", "example.org", "*.mesh.example.org"])
def test_for_another_name(name: str, ca: trustme.CA, files: Files) -> None:
    assert f"is for {name}, not for {NAME}" in told(files(*pair(ca.issue_cert(name))))


def test_out_of_date(ca: trustme.CA, files: Files) -> None:
    now = datetime.now(UTC)
    given = files(*pair(ca.issue_cert(NAME, not_before=now - timedelta(days=9), not_after=now + timedelta(days=9))))
    assert told(given) == ""
    assert "was valid until" in told(given, now=now + timedelta(days=10))
    assert "is not valid before" in told(given, now=now - timedelta(days=10))
