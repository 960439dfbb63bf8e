"""Decide on evidence between prompt-only, few-shot, RAG and fine-tuned variants."""
