"""The checksum of a package, from its repository's index."""

from __future__ import annotations

from cluster.observed.apt_index import Listed, index_of, package_of

RELEASE = f"""Origin: Tailscale
MD5Sum:
 {"0" * 32} 10 main/binary-amd64/Packages
SHA256:
 {"a" * 64}    10 main/binary-amd64/Packages
 {"b" * 64}     5 main/binary-amd64/Packages.gz
"""
PACKAGES = f"""Package: tailscale
Version: 1.102.4
Filename: pool/tailscale_1.102.4_amd64.deb
SHA256: {"c" * 64}
Description: The easiest
 way: there is

Package: tailscale
Version: 1.102.5
Filename: pool/tailscale_1.102.5_amd64.deb
SHA256: {"d" * 64}
"""


def test_the_sha256_part_of_a_release_counts() -> None:
    assert index_of(RELEASE, "main/binary-amd64/Packages") == Listed("main/binary-amd64/Packages", "a" * 64)
    assert index_of(RELEASE, "main/binary-arm64/Packages") is None


def test_exactly_the_declared_version() -> None:
    assert package_of(PACKAGES, "tailscale", "1.102.5") == Listed("pool/tailscale_1.102.5_amd64.deb", "d" * 64)
    assert package_of(PACKAGES, "tailscale", "1.102.6") is None
