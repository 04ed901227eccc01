"""The names that the mirror serves, and the subtree of each. Several names may serve the same files."""

from __future__ import annotations

OFFICIAL = (
    "pkgs.k8s.io",
    "dl.k8s.io",
    "download.docker.com",
    "pkgs.tailscale.com",
    "github.com",
    "registry.k8s.io",
    "ghcr.io",
    "registry-1.docker.io",
    "deb.debian.org",
    "security.debian.org",
)
MIRRORS = (
    "mirrors.aliyun.com",
    "mirrors.cloud.tencent.com",
    "mirrors.tuna.tsinghua.edu.cn",
    "files.m.daocloud.io",
    "m.daocloud.io",
    "k8s.m.daocloud.io",
    "ghcr.m.daocloud.io",
    "docker.m.daocloud.io",
    "registry.aliyuncs.com",
    "registry.cn-hangzhou.aliyuncs.com",
)
ACME = "acme-v02.api.letsencrypt.org"
NAMES = (*OFFICIAL, *MIRRORS, ACME)
DISTRIBUTION = ("deb.debian.org", "security.debian.org")  # official, but no site blocks them

ARCHIVE = "debian:"  # a subtree that is pulled through from Debian's archive, not built
REGISTRIES = ("registry.k8s.io", "ghcr.io", "docker.io")

# host, path prefix, subtree: the first row that matches wins
TABLE: tuple[tuple[str, str, str], ...] = (
    ("registry-1.docker.io", "/v2/", "docker.io/v2/"),
    ("k8s.m.daocloud.io", "/v2/", "registry.k8s.io/v2/"),
    ("ghcr.m.daocloud.io", "/v2/", "ghcr.io/v2/"),
    ("docker.m.daocloud.io", "/v2/", "docker.io/v2/"),
    *(("m.daocloud.io", f"/v2/{registry}/", f"{registry}/v2/") for registry in REGISTRIES),
    *(
        (host, prefix, subtree)
        for host in ("registry.aliyuncs.com", "registry.cn-hangzhou.aliyuncs.com")
        for prefix, subtree in (
            ("/v2/google_containers/coredns/", "registry.k8s.io/v2/coredns/coredns/"),
            ("/v2/google_containers/", "registry.k8s.io/v2/"),
        )
    ),
    *(("files.m.daocloud.io", f"/{host}/", f"{host}/") for host in ("github.com", "pkgs.k8s.io", "dl.k8s.io")),
    ("mirrors.aliyun.com", "/kubernetes-new/core/stable/", "pkgs.k8s.io/core:/stable:/"),
    ("mirrors.tuna.tsinghua.edu.cn", "/kubernetes/", "pkgs.k8s.io/"),
    *((host, "/docker-ce/", "download.docker.com/") for host in MIRRORS[:3]),
    *((host, "/debian-security/", f"{ARCHIVE}debian-security/") for host in (*MIRRORS[:3], *DISTRIBUTION)),
    *((host, "/debian/", f"{ARCHIVE}debian/") for host in (*MIRRORS[:3], "deb.debian.org")),
    *((host, "/", f"{host}/") for host in OFFICIAL if host not in DISTRIBUTION),
)


def locate(host: str, path: str) -> str | None:
    """The path in the tree (or, with the prefix `debian:`, in Debian's archive) of an address; None if it has none.

    `path` is percent-decoded already: core%3A/stable%3A and core:/stable: are the same.
    """
    if any(part in ("", "..") or part.startswith(".") for part in path.strip("/").split("/")):
        return None
    for name, prefix, subtree in TABLE:
        if host == name and path.startswith(prefix):
            return subtree + path[len(prefix) :]
    return None


def registries() -> tuple[str, ...]:
    """The names of image registries."""
    mirrored = {host for host, prefix, _ in TABLE if prefix.startswith("/v2/")}
    return tuple(name for name in NAMES if name in mirrored or name in REGISTRIES)
