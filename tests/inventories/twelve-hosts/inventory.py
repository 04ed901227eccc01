"""Twelve hosts in three sites of four, 100 ms apart: the path matrix of a larger cluster. One node in each site."""

west = [
    ("west1", {"roles": ("gateway", "coordinator"), "lan_address": "10.41.0.11", "public_address": "198.18.41.11"}),
    ("west2", {"roles": ("control_plane",), "lan_address": "10.41.0.12", "public_address": "198.18.41.12"}),
    ("west3", {"roles": (), "lan_address": "10.41.0.13", "public_address": "198.18.41.13"}),
    ("west4", {"roles": (), "lan_address": "10.41.0.14", "public_address": "198.18.41.14"}),
]
east = [
    ("east1", {"lan_address": "10.42.0.11", "public_address": "198.18.42.11"}),
    ("east2", {"roles": (), "lan_address": "10.42.0.12", "public_address": "198.18.42.12"}),
    ("east3", {"roles": (), "lan_address": "10.42.0.13", "public_address": "198.18.42.13"}),
    ("east4", {"roles": (), "lan_address": "10.42.0.14", "public_address": "198.18.42.14"}),
]
attic = [
    ("attic1", {"lan_address": "192.168.43.11", "ssh_hostname": "198.18.43.1", "ssh_port": 2201}),
    ("attic2", {"roles": (), "lan_address": "192.168.43.12", "ssh_hostname": "198.18.43.1", "ssh_port": 2202}),
    ("attic3", {"roles": (), "lan_address": "192.168.43.13", "ssh_hostname": "198.18.43.1", "ssh_port": 2203}),
    ("attic4", {"roles": (), "lan_address": "192.168.43.14", "ssh_hostname": "198.18.43.1", "ssh_port": 2204}),
]
