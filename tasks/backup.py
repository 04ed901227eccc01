"""Back up etcd, the certificate authorities, headscale and the hosts' tailnet keys to build/backups, encrypted. Needs --data recipient=age1…."""

from day_two import backup

backup.back_up()
