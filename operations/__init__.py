"""One resource each, idempotent: the desired state against its fact."""
