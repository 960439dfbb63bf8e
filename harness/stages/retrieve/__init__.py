"""The stage that looks passages up: its options, the index that it makes ready, and the search itself."""
