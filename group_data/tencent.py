"""Tencent Cloud in mainland China: public addresses translated one to one, foreign download sites out of reach."""

site = "tencent"
lan = "10.0.16.0/22"
nat = "one_to_one"
delay_ms = 25

blocked = (
    "pkgs.k8s.io",
    "download.docker.com",
    "pkgs.tailscale.com",
    "github.com",
    "registry.k8s.io",
    "ghcr.io",
    "docker.io",
    "registry-1.docker.io",
)
mirrors = {
    "kubernetes": "https://mirrors.aliyun.com/kubernetes-new/core/stable",
    "docker": "https://mirrors.aliyun.com/docker-ce",
    "tailscale": "push",
    "files": "https://files.m.daocloud.io",
    "registries": {
        "registry.k8s.io": ("https://k8s.m.daocloud.io",),
        "ghcr.io": ("https://ghcr.m.daocloud.io",),
    },
}

ssh_user = "root"
