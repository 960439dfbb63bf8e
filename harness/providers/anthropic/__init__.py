"""Claude and every server that speaks its Messages API."""
