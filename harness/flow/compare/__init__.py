"""How sure a difference is: every variant held against another, example by example."""
