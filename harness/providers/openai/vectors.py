"""Embeddings, and the rerank endpoint that compatible servers have beside OpenAI's own: bodies and answers.

The SDK's typed methods are left aside: they build an object for every number of every vector.
"""

import base64
from array import array
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import orjson

from harness.calls.failures import bad_reply
from harness.providers.openai.exchange import Exchange, as_word
from harness.types.call import Reply, Request, Usage
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
        told = _listed(answer, "data")
        vectors: dict[int, tuple[float, ...]] = {
            _place(one, place): _vector(one.get("embedding")) for place, one in enumerate(told)
        }
        wanted = len(exchange.body["input"])
        if sorted(vectors) != list(range(wanted)):
            raise bad_reply(f"{wanted} texts were sent, and {len(told)} vectors came", usage=exchange.usage)
        if len({len(vector) for vector in vectors.values()}) > 1:
            raise bad_reply("the vectors of one answer differ in length", usage=exchange.usage)
        return _reply(answer, exchange, vectors=tuple(vectors[place] for place in range(wanted)))

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
        ranked = [
            (one.get("index"), one.get("relevance_score", one.get("score")))
            for one in _listed(answer, "results")
        ]
        sent = range(len(exchange.body["documents"]))
        if any(place not in sent or not isinstance(score, int | float) for place, score in ranked):
            raise bad_reply(
                "an entry has no index of a text that was sent, or no score", usage=exchange.usage
            )
        if len({place for place, _ in ranked}) < len(ranked):
            raise bad_reply("a text stands twice in the order", usage=exchange.usage)
        best_first = sorted(ranked, key=lambda one: (-one[1], one[0]))
        return _reply(answer, exchange, ranking=tuple((place, float(score)) for place, score in best_first))

    def mode(self, body: Mapping[str, Any]) -> OutputMode:  # noqa: ARG002 - the shape of every interface
        """An order has none."""
        return "prompt"


async def _posted(client: "AsyncOpenAI", path: str, exchange: Exchange) -> Any:
    answer = orjson.loads(await client.post(path, cast_to=str, body=dict(exchange.body)))
    exchange.tap.done()
    exchange.usage = _usage(answer)
    return answer


def _reply(answer: Any, exchange: Exchange, **told: Any) -> Reply:
    return Reply(
        text="",
        usage=exchange.usage,
        wire=exchange.tap.wire(),
        model_returned=as_word(answer.get("model")),
        **told,
    )


def _listed(answer: Any, key: str) -> list[Any]:
    told = answer.get(key) if isinstance(answer, dict) else None
    if not isinstance(told, list) or not all(isinstance(one, dict) for one in told):
        raise bad_reply(f"the answer holds no list of {key}", answer)
    return told


def _place(one: Mapping[str, Any], otherwise: int) -> int:
    place = one.get("index", otherwise)
    return place if isinstance(place, int) else otherwise


def _vector(told: Any) -> tuple[float, ...]:
    if isinstance(told, str):  # a server that has only the packed form
        return tuple(array("f", base64.b64decode(told)))
    if not isinstance(told, list) or not told or not all(isinstance(value, int | float) for value in told):
        raise bad_reply("an embedding is no list of numbers")
    return tuple(map(float, told))


def _usage(answer: Any) -> Usage | None:
    """Input tokens, under any of the names that servers give them; there is no output. None where none is told."""
    told = answer.get("usage") if isinstance(answer, dict) else None
    counts = (
        [told.get(name) for name in ("prompt_tokens", "input_tokens", "total_tokens")]
        if isinstance(told, dict)
        else []
    )
    known = [count for count in counts if type(count) is int and count > 0]
    return Usage(input_tokens=known[0], output_tokens=0) if known else None
