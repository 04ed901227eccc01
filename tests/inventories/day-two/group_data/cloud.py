"""A cloud whose images refuse what they don't know."""

site = "cloud"
lan = "10.30.0.0/24"
nat = "one_to_one"
fabric = "routed"
image = "oracle"
delay_ms = 10

ssh_user = "ubuntu"
_sudo = True
