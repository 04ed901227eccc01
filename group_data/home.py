"""A home network behind a router: nothing comes in but the forwarded SSH port."""

site = "home"
lan = "192.168.50.0/24"
nat = "masquerade"
delay_ms = 25

ssh_user = "root"
