"""One call of a network, on the thread that works for it: the clock around the library's own call, and nothing else."""

from collections.abc import Mapping, Sequence
from typing import Any

from harness.calls.clock import now_ns
from harness.calls.vectors import best_first
from harness.errors import CallError
from harness.providers.local.loading import Loaded
from harness.text.quote import clip
from harness.types.call import Reply, Request, Usage, Wire

_PROMPTS: Mapping[str, tuple[str, ...]] = {
    "query": ("query",),
    "document": ("document", "passage", "corpus"),
}
"""Side of a search → the names under which the library looks for a prompt."""
_BOUNDLESS = 1_000_000
"""Tokenizers without a bound say one past this."""


def ask(loaded: Loaded, request: Request, batch_size: int) -> Reply:
    """Embed the texts, or put them in order. Raises CallError for whatever the network does."""
    if request.task != loaded.task:
        what = {"embed": "it is a cross-encoder, which embeds nothing"}
        message = what.get(request.task, "it is an embedding model, and no cross-encoder")
        raise CallError(type="bad_request", message=message)
    try:
        return (_embedded if request.task == "embed" else _ranked)(loaded.network, request, batch_size)
    except CallError:
        raise
    except Exception as error:
        message = clip(f"{type(error).__name__}: {error}", 500)
        raise CallError(type="application", message=message) from error


def _embedded(network: Any, request: Request, batch_size: int) -> Reply:
    sides = {"query": network.encode_query, "document": network.encode_document}
    encode = sides.get(request.side, network.encode)
    texts = list(request.texts)
    sent_ns = now_ns()
    rows = encode(texts, batch_size=batch_size, show_progress_bar=False)
    wire = Wire(sent_ns=sent_ns, done_ns=now_ns(), clock="client")
    _require_finite(rows)
    names = (*_PROMPTS.get(request.side, ()), network.default_prompt_name)
    prompt = next((network.prompts[name] for name in names if name in network.prompts), "")
    vectors = tuple(tuple(row) for row in rows.tolist())
    return _reply(network, wire, [prompt + text for text in texts], vectors=vectors)


def _ranked(network: Any, request: Request, batch_size: int) -> Reply:
    queries, texts = [request.query] * len(request.texts), list(request.texts)
    pairs = list(zip(queries, texts, strict=True))
    sent_ns = now_ns()
    scores = network.predict(pairs, batch_size=batch_size, show_progress_bar=False)
    wire = Wire(sent_ns=sent_ns, done_ns=now_ns(), clock="client")
    _require_finite(scores)
    ranking = best_first(enumerate(scores.tolist()), len(texts))
    return _reply(network, wire, queries, texts, ranking=ranking)


def _require_finite(values: Any) -> None:
    import numpy as np

    if not np.isfinite(values).all():
        raise CallError(type="bad_reply", message="the network gave a number that is none (nan or infinite)")


def _reply(network: Any, wire: Wire, *columns: Sequence[str], **told: Any) -> Reply:
    usage, cut = _read(network, columns)
    params = {"device": str(network.device), "max_seq_length": network.max_seq_length}
    return Reply(
        text="",
        kind="truncated" if cut else "answered",
        usage=usage,
        cut=cut,
        wire=wire,
        params=params,
        **told,
    )


def _read(network: Any, columns: Sequence[Sequence[str]]) -> tuple[Usage | None, int]:
    """Tokens that the network read, and how many texts were longer than it reads; None where they cannot be counted."""
    if not callable(network.tokenizer):
        return None, 0
    told = network.tokenizer(*map(list, columns), truncation=False, padding=False, verbose=False)
    lengths = [len(ids) for ids in told["input_ids"]]
    longest = min(network.max_seq_length or _BOUNDLESS, _BOUNDLESS)
    read = sum(min(length, longest) for length in lengths)
    return Usage(input_tokens=read, output_tokens=0), sum(length > longest for length in lengths)
