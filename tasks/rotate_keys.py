"""A new tailnet key for each host, one after the other; then no key is left by which a machine could join the tailnet."""

from phases import rotating

rotating.rotate()
