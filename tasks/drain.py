"""Take a node out of service: it takes no new pods, and its pods move elsewhere. Needs --data host=NAME."""

from day_two import drain

drain.drain()
