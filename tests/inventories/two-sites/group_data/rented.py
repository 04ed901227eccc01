"""One rented server with a public address that is translated one to one."""

site = "rented"
lan = "172.20.5.0/24"
nat = "one_to_one"
delay_ms = 10

ssh_user = "admin"
_sudo = True
