"""The store in Weaviate: its options, the collection that the harness makes, collections of others, and what fails."""
