"""A container with everything but pods, and a virtual machine as the worker: a kernel of its own, and no exception."""

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
            "rehearsal": {"machine": "vm", "release": "bookworm", "oddities": ("swap",)},
        },
    ),
]
