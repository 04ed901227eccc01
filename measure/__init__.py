"""What verify asks hosts, and how their answers become a measurement; nothing here judges."""
