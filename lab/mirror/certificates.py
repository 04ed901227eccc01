"""The lab's certificate authority, and certificates signed by it."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

AUTHORITY_DAYS = 3650
SIGNED_DAYS = 365


def make_ca(directory: Path) -> tuple[Path, Path]:
    """A new authority in that folder: (certificate, key). One that is there already is kept."""
    certificate, key_file = directory / "ca.crt", directory / "ca.key"
    if certificate.is_file() and key_file.is_file():
        return certificate, key_file
    directory.mkdir(parents=True, exist_ok=True)
    key = ec.generate_private_key(ec.SECP256R1())
    name = common_name("isthmus lab CA")
    usage = x509.KeyUsage(
        digital_signature=True,
        key_cert_sign=True,
        crl_sign=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
    builder = certificate_builder(name, name, key.public_key(), AUTHORITY_DAYS)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    builder = builder.add_extension(usage, critical=True)
    write_key(key, key_file)
    certificate.write_bytes(builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    return certificate, key_file


def sign(
    ca_cert: Path, ca_key: Path, names: Iterable[str], addresses: Iterable[str], out_cert: Path, out_key: Path
) -> None:
    """A server certificate for these DNS names and IP addresses (at least one of them), with a new key of mode 0600."""
    authority = x509.load_pem_x509_certificate(ca_cert.read_bytes())
    signing = serialization.load_pem_private_key(ca_key.read_bytes(), password=None)
    if not isinstance(signing, ec.EllipticCurvePrivateKey):
        raise ValueError(f"{ca_key}: not a key made by make_ca")
    entries: list[x509.GeneralName] = [x509.DNSName(name) for name in names]
    entries += [x509.IPAddress(ipaddress.ip_address(address)) for address in addresses]
    key = ec.generate_private_key(ec.SECP256R1())
    builder = certificate_builder(
        common_name(str(entries[0].value)[:64]), authority.subject, key.public_key(), SIGNED_DAYS
    )
    builder = builder.add_extension(x509.SubjectAlternativeName(entries), critical=False)
    builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
    parent = x509.AuthorityKeyIdentifier.from_issuer_public_key(signing.public_key())
    signed = builder.add_extension(parent, critical=False).sign(signing, hashes.SHA256())
    write_key(key, out_key)
    out_cert.write_bytes(signed.public_bytes(serialization.Encoding.PEM))


def common_name(text: str) -> x509.Name:
    """A name with nothing but CN."""
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def certificate_builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, days: int
) -> x509.CertificateBuilder:
    """What every certificate has; valid since yesterday, for hosts whose clock is behind."""
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(key)
    builder = builder.serial_number(x509.random_serial_number())
    builder = builder.not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=days))
    return builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)


def write_key(key: ec.EllipticCurvePrivateKey, target: Path) -> None:
    """The key as PEM, readable by its owner only from the first moment."""
    target.unlink(missing_ok=True)
    target.touch(mode=0o600)
    target.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
