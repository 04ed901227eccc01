"""A house behind a router that forwards one SSH port."""

site = "house"
lan = "192.168.7.0/24"
nat = "masquerade"
delay_ms = 15

ssh_user = "kim"
_sudo = True
