"""Three hosts in two sites, for the life after the first day: images with rules of their own, another program's chains."""

cloud = [
    (
        "hub",
        {
            "roles": ("coordinator", "control_plane"),
            "lan_address": "10.30.0.2",
            "public_address": "203.0.113.32",
            "ssh_hostname": "203.0.113.32",
            "taints": (),
            "rehearsal": {"release": "bookworm"},
        },
    ),
    (
        "wing",
        {
            "roles": ("worker",),
            "lan_address": "10.30.0.3",
            "public_address": "203.0.113.33",
            "ssh_hostname": "203.0.113.33",
            "rehearsal": {"release": "bullseye", "oddities": ("foreign-chains", "swap")},
        },
    ),
]

house = [
    (
        "attic",
        {
            "roles": ("worker",),
            "lan_address": "192.168.7.2",
            "public_address": "192.0.2.77",
            "ssh_hostname": "192.0.2.77",
            "ssh_port": 2222,
            "rehearsal": {"release": "trixie", "oddities": ("foreign-chains",)},
        },
    ),
]
