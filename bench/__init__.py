"""How fast it is: measured in the lab, against plain pyinfra and the floor (bench/README.md)."""
