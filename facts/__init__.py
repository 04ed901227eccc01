"""One question each, with a typed answer. `None` means: could not be read."""
