"""Small deploys for the life after the first day."""
