"""Undo the whole cluster: clean hosts, others' rules untouched. Needs --data yes=CLUSTER or an answer; takes keep_tailnet=1."""

from day_two import reset

reset.end_cluster()
reset.clean_up()
