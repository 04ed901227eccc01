"""Remove the cluster from all hosts; packet filter rules of other programs stay. Asks for the cluster's name, or takes --data yes=CLUSTER; takes keep_tailnet=1."""

from day_two import reset

reset.end_cluster()
reset.clean_up()
