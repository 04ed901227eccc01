"""The lab: a simulated world on one machine, in which the declared cluster is rehearsed (lab/README.md)."""
