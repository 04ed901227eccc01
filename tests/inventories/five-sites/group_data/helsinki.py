"""The site helsinki."""

site = "helsinki"
lan = "10.20.0.0/16"
nat = "one_to_one"
