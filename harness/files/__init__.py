"""The only modules that open a file."""
