"""All that depends on how pyinfra works inside: inventory, command line, connections, order, confirmation, waiting, fact cache.

`holds` has the three names of pyinfra that are replaced; `connector` extends the connector of each host.
"""
