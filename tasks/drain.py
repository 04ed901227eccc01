"""Take a node out of service: cordon it and evict its pods. Needs --data host=NAME; takes timeout=SECONDS, force=1."""

from day_two import drain

drain.drain()
