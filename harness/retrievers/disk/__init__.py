"""The store on disk: rows in SQLite, which is the truth, and a graph over their vectors, which can be made again."""
