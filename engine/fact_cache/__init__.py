"""What hosts answered, kept until a command has run; questions still to come go to a host as one bundle.

pyinfra asks each fact by an execution of its own, and again in the run. This layer stands between pyinfra and the connection;
operations, facts and phases know nothing of it.
"""
