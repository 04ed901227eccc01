"""A simulated world in which one machine rehearses the declared cluster."""
