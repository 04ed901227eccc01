"""From what was measured to tables and named problems; no pyinfra."""
