"""Pull the images of a Kubernetes version onto every node, for example ahead of an upgrade. Takes --data version=X.Y.Z (default: the declared one)."""

from day_two import pull_images

pull_images.pull_images()
