"""One question each, with a typed answer. `None` means: could not be read.

A fact says `depends_on_other_hosts = True` where a change on a host may change what another one answers to it.
"""
