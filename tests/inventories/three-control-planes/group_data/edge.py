"""The data centre edge."""

site = "edge"
lan = "10.2.0.0/24"
