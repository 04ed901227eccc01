"""The data centre core."""

site = "core"
lan = "10.1.0.0/24"
