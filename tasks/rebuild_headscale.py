"""Replace headscale's database by a new one; its keys and all addresses stay. Asks for the cluster's name, or takes --data yes=CLUSTER."""

from day_two import rebuild_headscale

rebuild_headscale.wipe_database()
rebuild_headscale.log_in()
