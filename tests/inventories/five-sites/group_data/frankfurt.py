"""The site frankfurt."""

site = "frankfurt"
lan = "10.10.0.0/16"
nat = "one_to_one"
