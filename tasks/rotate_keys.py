"""Give each host a new tailnet key, one after the other; then delete every key that could still join a machine."""

from day_two import rotate_keys

rotate_keys.rotate_keys()
