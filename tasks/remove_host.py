"""Take a host out of the cluster and the tailnet, alive or dead. Needs --data host=NAME; then take it out of the inventory."""

from phases import removing

removing.leave_cluster()
removing.leave_tailnet()
removing.forget()
removing.clean_leaver()
