"""The embedded endpoint: a small server and the reading model behind it."""
