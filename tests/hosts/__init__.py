"""What real hosts must be like after a deploy, and after a reset: asked by testinfra, over SSH, by no code of the deploy."""
