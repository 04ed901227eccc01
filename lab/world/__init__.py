"""The simulated world: made from the declared cluster, and taken down again."""
