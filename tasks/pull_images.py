"""Have every node hold its images before an upgrade needs them. Takes --data version=X.Y.Z; the declared version without it."""

from phases import pulling

pulling.pull()
