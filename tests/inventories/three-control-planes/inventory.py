"""Three control planes in one data centre behind a gateway of their own, two workers in another."""

core = [
    ("gate", {"roles": ("coordinator",), "lan_address": "10.1.0.10", "public_address": "198.18.9.10"}),
    ("core1", {"roles": ("control_plane",), "lan_address": "10.1.0.11", "public_address": "198.18.9.11"}),
    ("core2", {"roles": ("control_plane", "worker"), "lan_address": "10.1.0.12", "public_address": "198.18.9.12"}),
    ("core3", {"roles": ("control_plane",), "lan_address": "10.1.0.13", "public_address": "198.18.9.13"}),
]

edge = [
    ("edge1", {"lan_address": "10.2.0.11", "public_address": "198.18.8.11", "lan_routes": ("10.3.0.0/24",)}),
    ("edge2", {"lan_address": "10.2.0.12", "public_address": "198.18.8.12"}),
]
