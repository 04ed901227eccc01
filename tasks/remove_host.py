"""Take a host out of the cluster and the tailnet, alive or dead. Needs --data host=NAME; then take it out of the inventory."""

from day_two import remove_host

remove_host.leave_cluster()
remove_host.leave_tailnet()
remove_host.forget()
remove_host.clean_leaver()
