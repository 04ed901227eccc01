"""Make headscale's database anew, keys and addresses unchanged. Needs --data yes=CLUSTER or an answer."""

from day_two import rebuild_headscale

rebuild_headscale.wipe()
rebuild_headscale.log_in()
