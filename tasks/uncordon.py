"""Put a drained node back into service. Needs --data host=NAME."""

from day_two import uncordon

uncordon.uncordon()
