"""Wrong inventories and exactly what is said about each."""
