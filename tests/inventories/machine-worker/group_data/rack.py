"""One switched network without address translation."""

site = "rack"
lan = "192.168.9.0/24"
nat = "none"

ssh_user = "root"
