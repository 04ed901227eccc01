"""The lab's certificate authority."""

from __future__ import annotations

from pathlib import Path

from cryptography import x509

from lab.mirror.certificates import make_ca, sign


def test_a_signed_certificate_names_its_hosts_and_its_key_is_private(tmp_path: Path) -> None:
    authority, key = make_ca(tmp_path / "ca")
    assert make_ca(tmp_path / "ca") == (authority, key)
    sign(authority, key, ["a.example", "b.example", "192.0.2.1"], tmp_path / "crt", tmp_path / "key")
    made = x509.load_pem_x509_certificate((tmp_path / "crt").read_bytes())
    made.verify_directly_issued_by(x509.load_pem_x509_certificate(authority.read_bytes()))
    names = made.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["a.example", "b.example"]
    assert [str(address) for address in names.get_values_for_type(x509.IPAddress)] == ["192.0.2.1"]
    assert {(tmp_path / name).stat().st_mode & 0o777 for name in ("key", "ca/ca.key")} == {0o600}
