"""The site attic."""

site = "attic"
lan = "192.168.43.0/24"
nat = "masquerade"
delay_ms = 25
