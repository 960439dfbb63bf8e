"""Pure functions on text: JSON as it was answered, words, refusals, overlap."""
