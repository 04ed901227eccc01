"""One question each, with a typed answer. `None` means: could not be read.

A fact has `depends_on_other_hosts = True` if a change on another host may change its answer.
"""
