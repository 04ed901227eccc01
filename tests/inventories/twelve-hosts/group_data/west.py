"""The site west."""

site = "west"
lan = "10.41.0.0/24"
nat = "one_to_one"
delay_ms = 25
