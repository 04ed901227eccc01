"""The site east."""

site = "east"
lan = "10.42.0.0/24"
nat = "one_to_one"
delay_ms = 25
