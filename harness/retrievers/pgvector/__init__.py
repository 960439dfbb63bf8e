"""The store in PostgreSQL: its options, the table that the harness makes, tables of others, and connections to them."""
