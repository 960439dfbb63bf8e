"""From records and judgements to a Summary: every figure of summary.json, and nothing that is not on disk."""
