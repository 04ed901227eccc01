"""Two sites, three hosts: the rented server coordinates and controls, the office works."""

rented = [
    (
        "anchor",
        {
            "roles": ("coordinator", "control_plane"),
            "lan_address": "172.20.5.10",
            "public_address": "198.18.7.10",
            "ssh_hostname": "198.18.7.10",
            "ssh_port": 22022,
            "taints": (),
            "labels": {"example.org/disk": "fast"},
            "rehearsal": {"release": "trixie", "oddities": ("swap",)},
        },
    ),
]

office = [
    (
        "desk-left",
        {
            "roles": ("worker",),
            "lan_address": "10.77.1.21",
            "public_address": "198.18.40.1",
            "ssh_hostname": "198.18.40.1",
            "ssh_port": 2201,
            "rehearsal": {"release": "bookworm"},
        },
    ),
    (
        "desk-right",
        {
            "roles": ("worker",),
            "lan_address": "10.77.1.22",
            "public_address": "198.18.40.1",
            "ssh_hostname": "198.18.40.1",
            "ssh_port": 2202,
            "runtime_source": "distribution",
            "taints": ({"key": "example.org/slow", "effect": "PreferNoSchedule"},),
            "rehearsal": {"release": "trixie", "oddities": ("foreign-chains",)},
        },
    ),
]
