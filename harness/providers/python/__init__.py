"""A whole application of the user's, called as a Python function."""
