"""The site flat."""

site = "flat"
lan = "192.168.1.0/24"
nat = "masquerade"
