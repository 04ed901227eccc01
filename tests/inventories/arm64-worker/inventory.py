"""A container with everything but pods, and an arm64 machine as a cloud makes it: cloud-init writes names and network at each boot."""

rack = [
    (
        "front",
        {
            "roles": ("gateway", "coordinator", "control_plane"),
            "lan_address": "192.168.9.11",
            "exceptions": ("container", "cgroup-v1"),
            "rehearsal": {"release": "bookworm"},
        },
    ),
    (
        "leaf",
        {
            "lan_address": "192.168.9.12",
            "memory_mb": 1536,
            "rehearsal": {
                "machine": "vm",
                "architecture": "arm64",
                "release": "trixie",
                "oddities": ("cloud-init", "netplan", "systemd-resolved"),
            },
        },
    ),
]
