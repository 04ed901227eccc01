"""Remove a host, alive or dead, from the cluster and the tailnet. Needs --data host=NAME; asks for the name again, or takes yes=NAME."""

from day_two import remove_host

remove_host.leave_cluster()
remove_host.leave_tailnet()
remove_host.remove_from_others()
remove_host.clean_host()
