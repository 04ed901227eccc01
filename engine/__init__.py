"""All that depends on how pyinfra works inside: inventory, command line, connections, order, confirmation, waiting, fact cache.

`pyinfra_internals` has the four names of pyinfra that are replaced; `connector` extends the connector of each host.
"""
