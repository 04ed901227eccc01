"""Oracle Cloud: one VCN, public addresses translated one to one, images that reject what they don't know."""

site = "oracle"
lan = "10.0.0.0/24"
nat = "one_to_one"
fabric = "routed"
image = "oracle"
delay_ms = 25

ssh_user = "ubuntu"
_sudo = True
