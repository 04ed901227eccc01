"""Text to model: the inventory's keys, each read and checked, then checked against one another."""
