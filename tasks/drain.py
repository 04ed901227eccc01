"""Take a node out of service: it takes no new pods, and its pods move elsewhere. Needs --data host=NAME."""

from phases import scheduling

scheduling.drain()
