"""Embeddings, and the rerank endpoint that compatible servers have beside OpenAI's own: bodies and answers.

The SDK's typed methods are left aside: they build an object for every number of every vector.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import orjson

from harness.calls import vectors
from harness.providers.openai.exchange import Exchange, as_word
from harness.types.call import Reply, Request
from harness.types.experiment import ModelSpec, OutputMode

if TYPE_CHECKING:
    from openai import AsyncOpenAI


class Embeddings:
    """POST /embeddings."""

    _client: "AsyncOpenAI"

    def body(self, model: ModelSpec, params: Mapping[str, Any], request: Request) -> dict[str, Any]:
        """The texts. What only an answer can take (temperature, …) is not sent."""
        del params
        return {"model": model.model, "input": list(request.texts), "encoding_format": "float"}

    def open(self, client: "AsyncOpenAI") -> None:
        """Load this part of the SDK: nothing."""
        self._client = client

    async def ask(self, exchange: Exchange) -> Reply:
        """Send it and read one vector for each text, whatever order they came in."""
        answer = await _posted(self._client, "/embeddings", exchange)
        told = vectors.listed(answer, "data")
        each = vectors.one_each(told, len(exchange.body["input"]))
        return _reply(answer, exchange, vectors=each)

    def mode(self, body: Mapping[str, Any]) -> OutputMode:  # noqa: ARG002 - the shape of every interface
        """A vector has none."""
        return "prompt"


class Ranking:
    """POST /rerank, as Cohere and Jina word it and vLLM, llama.cpp and others serve it."""

    _client: "AsyncOpenAI"

    def body(self, model: ModelSpec, params: Mapping[str, Any], request: Request) -> dict[str, Any]:
        """The query and the texts. All of them come back: what is cut is cut here, where it is recorded."""
        del params
        return {
            "model": model.model,
            "query": request.query,
            "documents": list(request.texts),
            "top_n": len(request.texts),
            "return_documents": False,
        }

    def open(self, client: "AsyncOpenAI") -> None:
        """Load this part of the SDK: nothing."""
        self._client = client

    async def ask(self, exchange: Exchange) -> Reply:
        """Send it and read the order."""
        answer = await _posted(self._client, "/rerank", exchange)
        told = vectors.listed(answer, "results")
        ranked = ((one.get("index"), one.get("relevance_score", one.get("score"))) for one in told)
        return _reply(answer, exchange, ranking=vectors.best_first(ranked, len(exchange.body["documents"])))

    def mode(self, body: Mapping[str, Any]) -> OutputMode:  # noqa: ARG002 - the shape of every interface
        """An order has none."""
        return "prompt"


async def _posted(client: "AsyncOpenAI", path: str, exchange: Exchange) -> Any:
    answer = orjson.loads(await client.post(path, cast_to=str, body=dict(exchange.body)))
    exchange.tap.done()
    exchange.usage = vectors.input_usage(answer)
    return answer


def _reply(answer: Any, exchange: Exchange, **told: Any) -> Reply:
    return Reply(
        text="",
        usage=exchange.usage,
        wire=exchange.tap.wire(),
        model_returned=as_word(answer.get("model")),
        **told,
    )
