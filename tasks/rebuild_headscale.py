"""Make headscale's database anew, keys and addresses unchanged. Needs --data yes=CLUSTER or an answer."""

from phases import rebuilding

rebuilding.wipe()
rebuilding.log_in()
