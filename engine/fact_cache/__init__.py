"""A cache of facts with batching: facts of the last run are fetched in one execution, and cached until a command has run.

pyinfra fetches each fact in an execution of its own, and again in the run. `engine/connector.py` puts this in between;
operations, facts and phases know nothing of it.
"""
