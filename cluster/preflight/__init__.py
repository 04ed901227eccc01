"""Model and what was found on hosts to problems: why a run must not begin."""
