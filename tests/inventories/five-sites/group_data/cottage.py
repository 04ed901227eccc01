"""A cottage with a router of the same make as the flat's."""

site = "cottage"
lan = "192.168.1.0/24"
nat = "masquerade"
delay_ms = 40
loss_percent = 1.5
