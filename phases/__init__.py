"""The lines of deploy.py: one concern each, in the order in which a person would do them."""
