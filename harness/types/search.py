"""What is searched for, and what an index was made of."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

Vector = Sequence[float]
"""One text's embedding, in the model's own dimensions and length."""

Scalar = str | int | float | bool

Where = Mapping[str, tuple[Scalar, ...]]
"""Key of a document's meta → the values that it may have, each of them in plain JSON; all keys must hold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """One search. A store reads the vector, a lexical search the text, and both the condition."""

    text: str
    vector: Vector | None = None
    """None where the search needs none."""
    where: Where = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexReport:
    """What it took to make one index ready, apart from every query: a line of indexes.jsonl."""

    index: str
    """Fingerprint of documents, chunks, search, embedding model and store."""
    variants: tuple[str, ...]
    """Which variants search it."""
    stage: str
    """`retrieve`, or `fewshot` for the rows of train."""
    store: str
    """Where it lies: `memory`, `disk`, `qdrant`, …"""
    documents: int
    chunks: int
    embedded: int = 0
    """Chunks that the model embedded now."""
    kept: int = 0
    """Chunks whose embedding was kept from an earlier run."""
    stored: int = 0
    """Chunks that the store had already."""
    removed: int = 0
    """Chunks that the store had, and that the corpus has no more."""
    cut: int = 0
    """Chunks embedded now of which the model read the beginning only."""
    calls: int = 0
    ms: float = 0.0
    """Wall clock, from the documents to an index that answers."""
    model: str | None = None
    """The embedding model; None for a lexical index."""
    input_tokens: int | None = None
    """What was embedded now; None where the endpoint did not say."""
    cost_usd: float | None = 0.0
    """What embedding cost now; None where a price or a usage is unknown."""
    spent_at_most_usd: float | None = 0.0
    """The same with every unknown part at its upper bound; None where there is none."""
