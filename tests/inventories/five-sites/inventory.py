"""Five sites; two homes use the same LAN addresses, as routers from one maker do."""

frankfurt = [
    ("fra1", {"roles": ("gateway", "coordinator"), "lan_address": "10.10.0.5", "public_address": "198.18.1.5"}),
]
helsinki = [
    ("hel1", {"lan_address": "10.20.0.5", "public_address": "198.18.2.5"}),
    ("hel2", {"roles": ("control_plane",), "lan_address": "10.20.0.6", "public_address": "198.18.2.6"}),
]
shanghai = [("sha1", {"lan_address": "10.30.0.5", "public_address": "198.18.3.5"})]
flat = [("flat1", {"lan_address": "192.168.1.20", "ssh_hostname": "198.18.4.1", "ssh_port": 2222})]
cottage = [
    ("cottage1", {"lan_address": "192.168.1.30", "ssh_hostname": "198.18.5.1", "ssh_port": 2222}),
    ("cottage2", {"roles": (), "lan_address": "192.168.1.31", "ssh_hostname": "198.18.5.1", "ssh_port": 2223}),
]
