"""Rows of any table: JSONL, JSON, CSV, TSV, Parquet, a data set by name; each row knows its line."""
