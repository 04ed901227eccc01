"""The addresses of all downloads, and the pins (key fingerprints, hashes) by which they are checked.

Official addresses by default; a site may name a mirror for each. A mirror is never trusted: repositories are signed by keys
whose fingerprints are pinned here, single files are pinned by sha256 or checked against their publisher's own list.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from cluster.model import Certificate, Cluster, Host, Site

KEY_FINGERPRINTS = {
    "kubernetes": "DE15B14486CD377B9E876E1A234654DA9A296436",
    "docker": "9DC858229FC7DD38854AE2D88D81803C0EBFCD88",
    "tailscale": "2596A99EAAB33821893C0A79458CA832957F5868",
}
_CNI = "https://github.com/containernetworking/plugins/releases/download"
_HEADSCALE = "https://github.com/juanfont/headscale/releases/download"
SHA256 = {
    f"{_CNI}/v1.9.1/cni-plugins-linux-amd64-v1.9.1.tgz": "b98f74a0f8522f0a83867178729c1aa70f2158f90c45a2ca8fa791db1c76b303",
    f"{_CNI}/v1.9.1/cni-plugins-linux-arm64-v1.9.1.tgz": "56171987d3947707c3563db2f4001bccaf50fd63468611b9f3cbecb1375ee7ec",
}


@dataclass(frozen=True)
class Pins:
    """The pins by which downloads are checked, and the gateway's certificate. A rehearsal in the lab replaces these values, and nothing else.

    `key_fingerprints`: repository → fingerprint of its key. `sha256`: official URL → hash. `certificate`: files for the gateway; None: as
    the inventory declares. `ca`: PEM file with an authority that the operator's machine trusts in addition to the system's; None: none.
    `acme`: ACME directory for the gateway's certificate; empty: Let's Encrypt.
    """

    key_fingerprints: Mapping[str, str] = field(default_factory=lambda: KEY_FINGERPRINTS)
    sha256: Mapping[str, str] = field(default_factory=lambda: SHA256)
    certificate: Certificate | None = None
    ca: str | None = None
    acme: str = ""


def keyring_path(name: str) -> str:
    """Path of a repository's signing key on a host."""
    return f"/etc/apt/keyrings/isthmus-{name}.gpg"


def list_path(name: str) -> str:
    """Path of a repository's list on a host."""
    return f"/etc/apt/sources.list.d/isthmus-{name}.list"


def paths_of(name: str) -> tuple[str, str]:
    """Paths of a repository's list and signing key on a host."""
    return list_path(name), keyring_path(name)


@dataclass(frozen=True)
class AptSource:
    """An apt repository. `official_uri`: its publisher's address; `uri`: the address that this site uses."""

    name: str
    uri: str
    official_uri: str
    suite: str
    components: str
    key_url: str
    fingerprint: str

    @property
    def keyring(self) -> str:
        """Path of the signing key on the host."""
        return keyring_path(self.name)

    @property
    def list_path(self) -> str:
        """Path of the source's list on the host."""
        return list_path(self.name)

    def line(self, architecture: str) -> str:
        """The one-line entry for apt, ending in a newline."""
        end = f" {self.components}" if self.components else ""
        return f"deb [arch={architecture} signed-by={self.keyring}] {self.uri} {self.suite}{end}\n"


@dataclass(frozen=True)
class Download:
    """A single file. `official_url`: its publisher's address; `url`: the address that this site uses.

    `sha256`: the pinned hash; None: the operator's machine reads it from the publisher's list at `checksums_url`.
    """

    url: str
    official_url: str
    sha256: str | None
    checksums_url: str

    @property
    def file_name(self) -> str:
        """The last segment of the file's official URL."""
        return self.official_url.rsplit("/", 1)[1]

    def sha256_in(self, checksums: str) -> str | None:
        """The file's hash in the text of its publisher's list, which may be a hash alone; None if the file is not listed."""
        for line in checksums.splitlines():
            digest, _, name = line.partition(" ")
            if name.strip().lstrip("*") in (self.file_name, "") and len(digest) == 64:
                return digest
        return None


def kubernetes(cluster: Cluster, site: Site, trust: Pins) -> AptSource:
    """pkgs.k8s.io has one repository for each minor version (kubernetes.io, "Installing kubeadm")."""
    minor = ".".join(cluster.kubernetes_version.split(".")[:2])
    official = f"https://pkgs.k8s.io/core:/stable:/v{minor}/deb/"
    uri = f"{site.mirrors.kubernetes.rstrip('/')}/v{minor}/deb/" if site.mirrors.kubernetes else official
    return AptSource("kubernetes", uri, official, "/", "", f"{uri}Release.key", trust.key_fingerprints["kubernetes"])


def docker(site: Site, trust: Pins, distribution: str, codename: str) -> AptSource:
    """Docker's repository of the distribution (`debian` or `ubuntu`), which holds containerd.io."""
    official = f"https://download.docker.com/linux/{distribution}"
    uri = f"{site.mirrors.docker.rstrip('/')}/linux/{distribution}" if site.mirrors.docker else official
    return AptSource("docker", uri, official, codename, "stable", f"{uri}/gpg", trust.key_fingerprints["docker"])


def tailscale(site: Site, trust: Pins, distribution: str, codename: str) -> AptSource:
    """Tailscale's stable repository. If the site's mirror is `push`, `uri` is the official one, which the operator's machine reads."""
    official = f"https://pkgs.tailscale.com/stable/{distribution}"
    mirror = site.mirrors.tailscale
    uri = f"{mirror.rstrip('/')}/stable/{distribution}" if mirror and mirror != "push" else official
    key_url = f"{uri}/{codename}.noarmor.gpg"
    return AptSource("tailscale", uri, official, codename, "main", key_url, trust.key_fingerprints["tailscale"])


def repositories(cluster: Cluster, host: Host, trust: Pins, distribution: str, codename: str) -> list[AptSource]:
    """The apt repositories that `host` itself reads."""
    listed = []
    if host.site.mirrors.tailscale != "push":
        listed.append(tailscale(host.site, trust, distribution, codename))
    if host.is_node:
        listed.append(kubernetes(cluster, host.site, trust))
    if host.is_node and host.runtime_source != "distribution":
        listed.append(docker(host.site, trust, distribution, codename))
    return listed


def headscale(cluster: Cluster, site: Site, trust: Pins, architecture: str) -> Download:
    """The Debian package of headscale's release; headscale has no apt repository."""
    version = cluster.headscale_version
    base = f"{_HEADSCALE}/v{version}"
    official = f"{base}/headscale_{version}_linux_{architecture}.deb"
    return _download(cluster, official, f"{base}/checksums.txt", site, trust)


def cni_plugins(cluster: Cluster, site: Site, trust: Pins, architecture: str) -> Download:
    """The CNI reference plugins (bridge, host-local, loopback, portmap …) that flannel's configuration calls."""
    version = cluster.cni_plugins_version
    url = f"{_CNI}/v{version}/cni-plugins-linux-{architecture}-v{version}.tgz"
    return _download(cluster, url, f"{url}.sha256", site, trust)


def _download(cluster: Cluster, official: str, checksums: str, site: Site, trust: Pins) -> Download:
    # The file mirrors take the official address as a path: https://MIRROR/github.com/…
    url = f"{site.mirrors.files.rstrip('/')}/{official.removeprefix('https://')}" if site.mirrors.files else official
    declared = cluster.sha256.get(official.rsplit("/", 1)[1])
    return Download(url, official, trust.sha256.get(official) or declared, checksums)
