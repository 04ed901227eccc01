"""Everything in one rack, reached at its LAN addresses; certificate files instead of ACME."""

rack = [
    ("rack-a", {"roles": ("gateway", "coordinator", "control_plane"), "lan_address": "192.168.7.11"}),
    ("rack-b", {"lan_address": "192.168.7.12"}),
    ("rack-c", {"lan_address": "192.168.7.13", "exceptions": ("container", "cgroup-v1")}),
]
