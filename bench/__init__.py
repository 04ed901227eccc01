"""How fast it is: measured in the lab, beside what else could be had (bench/README.md)."""
