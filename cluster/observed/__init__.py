"""Types and parsers of what programs print; every parser has recorded outputs in tests/cases."""
