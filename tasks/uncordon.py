"""Put a drained node back into service. Needs --data host=NAME."""

from phases import scheduling

scheduling.uncordon()
