"""Embedding and reranking models in this process, through sentence-transformers."""
