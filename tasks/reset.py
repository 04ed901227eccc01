"""Undo the whole cluster: clean hosts, others' rules untouched. Needs --data yes=CLUSTER or an answer; takes keep_tailnet=1."""

from phases import resetting

resetting.end_cluster()
resetting.clean_up()
