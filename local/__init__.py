"""Files on the operator's machine: backups, headscale's database, packages fetched for hosts that can't reach them."""
