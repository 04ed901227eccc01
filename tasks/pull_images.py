"""Have every node hold its images before an upgrade needs them. Takes --data version=X.Y.Z; the declared version without it."""

from day_two import pull_images

pull_images.pull()
