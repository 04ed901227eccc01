"""The hosts, by site. What is true of a whole site stands in group_data/; docs/inventory.md explains each key.

`rehearsal` is for the lab alone: which release it boots the host with, and what it finds there.
"""

oracle = [
    (
        "oci1",
        {
            "roles": ("gateway",),
            "lan_address": "10.0.0.1",
            "public_address": "203.0.113.11",
            "ssh_hostname": "203.0.113.11",
            "memory_mb": 1024,
            "rehearsal": {"release": "bullseye"},
        },
    ),
    (
        "oci2",
        {
            "roles": ("coordinator",),
            "lan_address": "10.0.0.2",
            "public_address": "203.0.113.12",
            "ssh_hostname": "203.0.113.12",
            "memory_mb": 1024,
            "rehearsal": {"release": "bookworm"},
        },
    ),
    (
        "oci3",
        {
            "roles": ("control_plane",),
            "lan_address": "10.0.0.3",
            "public_address": "203.0.113.13",
            "ssh_hostname": "203.0.113.13",
            "taints": (),
            "rehearsal": {"release": "bookworm", "oddities": ("old-containerd",)},
        },
    ),
    (
        "oci4",
        {
            "roles": ("worker",),
            "lan_address": "10.0.0.4",
            "public_address": "203.0.113.14",
            "ssh_hostname": "203.0.113.14",
            "rehearsal": {"release": "bullseye", "oddities": ("swap",)},
        },
    ),
]

tencent = [
    (
        "tencent01",
        {
            "roles": ("worker",),
            "lan_address": "10.0.16.2",
            "public_address": "198.51.100.21",
            "ssh_hostname": "198.51.100.21",
            "rehearsal": {"release": "bookworm", "oddities": ("foreign-chains",)},
        },
    ),
]

home = [
    (
        "ubuntu01",
        {
            "roles": ("worker",),
            "lan_address": "192.168.50.2",
            "public_address": "192.0.2.31",
            "ssh_hostname": "192.0.2.31",
            "ssh_port": 2222,
            "runtime_source": "distribution",
            "rehearsal": {"release": "trixie", "oddities": ("systemd-resolved",)},
        },
    ),
]
