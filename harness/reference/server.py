"""The endpoint itself: routes over the reading models, with pace, faults and counters. Holds no answer."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import ModuleType
from typing import TYPE_CHECKING, Any, TypeVar

import orjson

from harness.reference import anthropic_wire, openai_wire
from harness.reference.ask import Answer, Ask, Refusal, Turn, Usage
from harness.reference.checks import body_of, joined, model_of, needed, strings, taken, whole, wrong
from harness.reference.declared import EMBED, LONGEST_ANSWER_TOKENS, MODELS, RERANK, STREAM_PIECES, TUNED
from harness.reference.delivery import Delivery, deliver
from harness.reference.embed import DIMENSIONS, MAX_DIMENSIONS, embed
from harness.reference.faults import MESSAGES, FaultDraws, Options, options_of
from harness.reference.pace import due
from harness.reference.prompt import read
from harness.reference.reading import answer_untuned
from harness.reference.rerank import rerank
from harness.reference.tokens import PIECE, PrefixCache, pieces, prompt_pieces

if TYPE_CHECKING:
    from aiohttp import web

    from harness.reference.tuned import Weights

MAX_BODY_BYTES = 64 * 2**20
LONG_CHARACTERS = 40_000
"""A request that is longer is computed off the event loop."""
T = TypeVar("T")


@dataclass(slots=True)
class Stats:
    """What came and what became of it, since the start or the last reset."""

    requests: Counter[str]
    answered: Counter[str]
    refused: Counter[str]
    faults: Counter[str]
    in_flight: int = 0
    max_in_flight: int = 0

    @classmethod
    def fresh(cls) -> "Stats":
        """All zero."""
        return cls(Counter(), Counter(), Counter(), Counter())


Work = Callable[[Mapping[str, Any], Options], Awaitable[Delivery]]


class Endpoint:
    """One running endpoint: what it may learn from, its defaults, and what it has seen."""

    def __init__(
        self,
        *,
        train: Sequence[Mapping[str, Any]] = (),
        schema: Mapping[str, Any] | None = None,
        defaults: Options,
    ) -> None:
        """Learn nothing yet: the first request for the tuned model does."""
        self._train = train
        self._schema = schema
        self._defaults = defaults
        self._fit: asyncio.Task[Weights] | None = None
        self.reset()

    def reset(self) -> None:
        """Forget counters, seen prefixes and fault draws; weights stay."""
        self.stats = Stats.fresh()
        self.cache = PrefixCache()
        self.draws = FaultDraws()

    def app(self) -> "web.Application":
        """The routes."""
        from aiohttp import web

        app = web.Application(client_max_size=MAX_BODY_BYTES)
        app.router.add_post("/v1/chat/completions", self._route("chat", self._chat, openai_wire))
        app.router.add_post("/v1/messages", self._route("messages", self._messages, anthropic_wire))
        app.router.add_post("/v1/embeddings", self._route("embeddings", self._embeddings, openai_wire))
        app.router.add_post("/v1/rerank", self._route("rerank", self._rerank, openai_wire))
        app.router.add_get("/v1/models", self._models)
        app.router.add_get("/v1/models/{model}", self._model)
        app.router.add_get("/stats", self._stats)
        app.router.add_post("/reset", self._reset)
        return app

    def _route(
        self, kind: str, work: Work, wire: ModuleType
    ) -> "Callable[[web.Request], Awaitable[web.StreamResponse]]":
        """Wrap a piece of work in what all have in common: options, faults, counters, errors in their shape."""

        async def handle(request: "web.Request") -> "web.StreamResponse":
            stats = self.stats
            stats.requests[kind] += 1
            stats.in_flight += 1
            stats.max_in_flight = max(stats.max_in_flight, stats.in_flight)
            try:
                return await self._answer(request, kind, work)
            except Refusal as refusal:
                stats.refused[str(refusal.status)] += refusal.status not in (429, 500)
                return _refused(refusal, wire)
            finally:
                stats.in_flight -= 1

        return handle

    async def _answer(self, request: "web.Request", kind: str, work: Work) -> "web.StreamResponse":
        raw = await request.read()
        arrived_s = asyncio.get_running_loop().time()
        body = body_of(raw)
        options = options_of(body.get("reference"), self._defaults)
        fault = self.draws.draw(raw, options.faults)
        if fault is not None:
            self.stats.faults[fault] += 1
        if fault is not None and fault in MESSAGES:
            wait_s = options.retry_after_s if fault == "429" else None
            code = "rate_limit_exceeded" if fault == "429" else None
            raise Refusal(status=int(fault), message=MESSAGES[fault], code=code, retry_after_s=wait_s)
        delivery = await work(body, options)
        if fault is None:
            self.stats.answered[kind] += 1
        return await deliver(
            request, delivery, arrived_s=arrived_s, fault=fault, time_scale=options.time_scale
        )

    # --- what is asked ----------------------------------------------------------------------------

    async def _chat(self, body: Mapping[str, Any], options: Options) -> Delivery:
        ask = openai_wire.ask_of(body, slip=options.slip)
        return await self._spoken(ask, options, openai_wire.completion, openai_wire.stream)

    async def _messages(self, body: Mapping[str, Any], options: Options) -> Delivery:
        ask = anthropic_wire.ask_of(body, slip=options.slip)
        return await self._spoken(ask, options, anthropic_wire.message, anthropic_wire.stream)

    async def _spoken(
        self,
        ask: Ask,
        options: Options,
        once: Callable[[Ask, Answer, Usage], bytes],
        stream: Callable[[Ask, Answer, Usage, Sequence[str]], list[bytes]],
    ) -> Delivery:
        answer = ended(ask, await self._read(ask))
        tools = [orjson.dumps([tool.name, tool.description, tool.parameters]).decode() for tool in ask.tools]
        schema = [orjson.dumps(ask.schema).decode()] if ask.schema is not None else []
        prompt = prompt_pieces([*schema, *tools, *(turn.text for turn in ask.turns)])
        parts = streamed(answer.text)
        usage = Usage(
            prompt_tokens=len(prompt),
            output_tokens=len(pieces(answer.text)),
            cached_tokens=self.cache.cached_tokens(ask.model, prompt),
        )
        when = due(ask.model, usage, draw=ask.draw("pace"), time_scale=options.time_scale)
        if not ask.stream:
            return Delivery(pieces=((when.whole_ms, once(ask, answer, usage)),))
        events = stream(ask, answer, usage, parts)
        step_ms = (when.whole_ms - when.first_ms) / max(1, len(events) - 1)
        timed = tuple((when.first_ms + step_ms * place, event) for place, event in enumerate(events))
        return Delivery(pieces=timed, streamed=True)

    async def _read(self, ask: Ask) -> Answer:
        if ask.model == TUNED:
            from harness.reference.tuned import answer_tuned

            weights = await self._weights()
            return answer_tuned(ask, read(ask), weights)
        if sum(len(turn.text) for turn in ask.turns) > LONG_CHARACTERS:
            return await asyncio.to_thread(lambda: answer_untuned(ask, read(ask)))
        return answer_untuned(ask, read(ask))

    async def _weights(self) -> "Weights":
        """The fitted weights; the first request that needs them has them fitted, off the loop."""
        if not self._train:
            raise Refusal(
                status=404,
                message=f"The model '{TUNED}' has no weights: this endpoint was started without train rows.",
                param="model",
                code="model_not_found",
            )
        if self._fit is None:
            from harness.reference.tuned import Weights

            self._fit = asyncio.create_task(asyncio.to_thread(Weights, self._train, self._schema))
        try:
            return await asyncio.shield(self._fit)
        except ValueError as error:
            raise Refusal(
                status=400, message=f"'{TUNED}' cannot be fitted: {error}.", param="model"
            ) from None

    async def _embeddings(self, body: Mapping[str, Any], options: Options) -> Delivery:
        model = model_of(body, (EMBED,))
        texts = strings(body, "input")
        if not texts:
            raise wrong("input", "must be a string or a list of strings, and not empty")
        size = whole(body, "dimensions", 1) or DIMENSIONS
        if size > MAX_DIMENSIONS:
            raise wrong("dimensions", f"must be at most {MAX_DIMENSIONS}")
        form = taken(body, "encoding_format", str) or "float"
        if form not in ("float", "base64"):
            raise wrong("encoding_format", "must be float or base64")
        vectors = await _aside(texts, lambda: [embed(text, size) for text in texts])
        usage = Usage(prompt_tokens=sum(len(pieces(text)) for text in texts))
        packed = openai_wire.embeddings(model, vectors, usage, packed=form == "base64")
        return _whole(model, texts[0], usage, options, packed)

    async def _rerank(self, body: Mapping[str, Any], options: Options) -> Delivery:
        model = model_of(body, (RERANK,))
        query = needed(body, "query", str)
        given = needed(body, "documents", list)
        texts = [joined(d.get("text") if isinstance(d, dict) else d, "documents") for d in given]
        scores = await _aside(texts, lambda: rerank(query, texts))
        usage = Usage(prompt_tokens=sum(len(pieces(text)) for text in (query, *texts)))
        top = whole(body, "top_n", 1) or len(texts)
        return _whole(model, query, usage, options, openai_wire.reranking(model, query, scores, top, usage))

    # --- what is asked about the endpoint itself --------------------------------------------------

    async def _models(self, _: "web.Request") -> "web.Response":
        return _json(openai_wire.models())

    async def _model(self, request: "web.Request") -> "web.Response":
        """One model, once it is ready to answer: asking after the tuned one has it fitted."""
        try:
            name = model_of({"model": request.match_info["model"]}, MODELS)
            if name == TUNED:
                await self._weights()
        except Refusal as refusal:
            return _refused(refusal, openai_wire)
        return _json(openai_wire.model(name))

    async def _stats(self, _: "web.Request") -> "web.Response":
        stats = self.stats
        counted = {
            "requests": dict(stats.requests),
            "answered": dict(stats.answered),
            "refused": {status: times for status, times in stats.refused.items() if times},
            "faults": dict(stats.faults),
            "in_flight": stats.in_flight,
            "max_in_flight": stats.max_in_flight,
        }
        return _json(orjson.dumps(counted))

    async def _reset(self, _: "web.Request") -> "web.Response":
        self.reset()
        return _json(b"{}")


async def _aside(texts: Sequence[str], work: Callable[[], T]) -> T:
    """Compute on the loop what is short, and off it what is long."""
    return await asyncio.to_thread(work) if sum(map(len, texts)) > LONG_CHARACTERS else work()


def _whole(model: str, seed: str, usage: Usage, options: Options, body: bytes) -> Delivery:
    drawn = Ask(model=model, turns=(Turn(role="user", text=seed),)).draw("pace")
    when = due(model, usage, draw=drawn, time_scale=options.time_scale)
    return Delivery(pieces=((when.whole_ms, body),))


def ended(ask: Ask, answer: Answer) -> Answer:
    """End an answer at a stop sequence or at the token limit, whichever comes first."""
    spots = [place for place in (answer.text.find(stop) for stop in ask.stop if stop) if place >= 0]
    if spots:
        answer = replace(answer, text=answer.text[: min(spots)])
    most = LONGEST_ANSWER_TOKENS if ask.max_tokens is None else ask.max_tokens
    if len(pieces(answer.text)) > most:
        return replace(answer, text=cut_at(answer.text, most), finish="length")
    return answer


def cut_at(text: str, tokens: int) -> str:
    """The first so many tokens of a text."""
    return next((text[: m.start()] for place, m in enumerate(PIECE.finditer(text)) if place == tokens), text)


def streamed(text: str) -> list[str]:
    """Cut an answer into the parts that it is streamed in."""
    step = max(4, -(-len(text) // STREAM_PIECES))
    return [text[start : start + step] for start in range(0, len(text), step)]


def _json(body: bytes, status: int = 200) -> "web.Response":
    from aiohttp import web

    return web.Response(body=body, status=status, content_type="application/json")


def _refused(refusal: Refusal, wire: ModuleType) -> "web.Response":
    response = _json(wire.error(refusal), refusal.status)
    if refusal.retry_after_s is not None:
        response.headers["Retry-After"] = f"{refusal.retry_after_s:g}"
    return response
