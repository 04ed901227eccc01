"""An office behind one router, which forwards one SSH port to each host."""

site = "office"
lan = "10.77.0.0/20"
nat = "masquerade"
delay_ms = 15

ssh_user = "kim"
_sudo = True
