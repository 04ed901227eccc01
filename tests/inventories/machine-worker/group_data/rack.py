"""One switched network without address translation."""

site = "rack"
lan = "192.168.9.0/24"
nat = "none"

ssh_user = "root"
# An emulated machine beside other work takes its time for a login.
ssh_paramiko_connect_kwargs = {"timeout": 120, "banner_timeout": 120, "auth_timeout": 120}
