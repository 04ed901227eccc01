"""A cloud where the foreign download sites are out of reach."""

site = "shanghai"
lan = "10.30.0.0/16"
nat = "one_to_one"
delay_ms = 80

blocked = ("pkgs.k8s.io", "pkgs.tailscale.com", "registry.k8s.io", "ghcr.io")
mirrors = {
    "kubernetes": "https://mirrors.aliyun.com/kubernetes-new/core/stable",
    "tailscale": "push",
    "registries": {
        "registry.k8s.io": ("https://k8s.m.daocloud.io",),
        "ghcr.io": ("https://ghcr.m.daocloud.io",),
    },
}
