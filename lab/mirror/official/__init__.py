"""The publishers' own packages, images and files: asked at their official names, checked against the deploy's pins, kept by content."""
