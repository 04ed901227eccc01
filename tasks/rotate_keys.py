"""A new tailnet key for each host, one after the other; then no key is left by which a machine could join the tailnet."""

from day_two import rotate_keys

rotate_keys.rotate()
