"""The endpoint speaks the OpenAI wire: the real SDK reads every shape it sends."""

import asyncio
import json
import random

import openai
import pytest

SYSTEM = """Sort the letter. Answer with one JSON object with the keys `kind`, `urgency`, `reply`, `sources`.

`kind` is one of:
- complaint: something broke, failed or disappointed
- praise: thanks and kind words
- other: anything else

`urgency` is one of:
- high: danger, injury or deadline today
- normal: everything else
"""
SCHEMA = {
    "type": "object",
    "properties": {
        "kind": {"type": "string", "enum": ["complaint", "praise", "other"]},
        "urgency": {"type": "string", "enum": ["high", "normal"]},
        "reply": {"type": "string"},
        "sources": {"type": "array", "items": {"type": "string"}},
    },
    "required": ["kind", "urgency", "reply", "sources"],
    "additionalProperties": False,
}
LETTER = "The kettle broke and I was disappointed."


def test_plain_completion(serving):
    """A whole completion holds text, finish reason, model, fingerprint and usage that adds up."""

    async def go():
        async with serving() as line:
            return await line.chat(LETTER, system=SYSTEM, reference={"slip": False})

    reply = asyncio.run(go())
    answer = json.loads(reply.choices[0].message.content)
    assert list(answer) == ["kind", "urgency", "reply", "sources"]
    assert answer["kind"] == "complaint"
    assert answer["urgency"] == "normal"
    assert reply.choices[0].finish_reason == "stop"
    assert reply.model == "reference-base"
    assert reply.system_fingerprint.startswith("reference-")
    usage = reply.usage
    assert usage.total_tokens == usage.prompt_tokens + usage.completion_tokens
    assert usage.prompt_tokens_details.cached_tokens == 0
    assert usage.completion_tokens_details.reasoning_tokens == 0


def test_streaming_gives_the_same_answer_and_usage(serving):
    """The streamed parts join to the whole answer; usage comes only where it was asked for."""

    async def go():
        async with serving() as line:
            whole = await line.chat(LETTER, system=SYSTEM)
            stream = await line.chat(
                LETTER, system=SYSTEM, stream=True, stream_options={"include_usage": True}
            )
            parts = [part async for part in stream]
            bare = [part async for part in await line.chat(LETTER, system=SYSTEM, stream=True)]
            return whole, parts, bare

    whole, parts, bare = asyncio.run(go())
    text = "".join(part.choices[0].delta.content or "" for part in parts if part.choices)
    assert text == whole.choices[0].message.content
    assert len(parts) > 3
    assert parts[-1].usage.completion_tokens == whole.usage.completion_tokens
    assert all(part.usage is None for part in bare)
    assert bare[-1].choices[0].finish_reason == "stop"


def test_json_schema_is_kept_whatever_the_prompt_says(serving):
    """Under json_schema the answer has exactly the schema's keys and labels, with no slip."""
    form = {"type": "json_schema", "json_schema": {"name": "letter", "strict": True, "schema": SCHEMA}}

    async def go():
        async with serving() as line:
            calls = [
                line.chat(LETTER, system="Sort it.", seed=seed, response_format=form) for seed in range(60)
            ]
            return await asyncio.gather(*calls)

    for reply in asyncio.run(go()):
        answer = json.loads(reply.choices[0].message.content)
        assert set(answer) == set(SCHEMA["required"])
        assert answer["kind"] in SCHEMA["properties"]["kind"]["enum"]


def test_nested_and_referenced_schemas_are_filled(serving):
    """Objects, references, nullable choices, bounds and constants in a schema come out valid."""
    import jsonschema_rs

    schema = {
        "type": "object",
        "$defs": {
            "Part": {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]}
        },
        "properties": {
            "part": {"$ref": "#/$defs/Part"},
            "parts": {"type": "array", "items": {"$ref": "#/$defs/Part"}, "minItems": 1},
            "count": {"type": "integer", "minimum": 3, "maximum": 5},
            "price": {"type": "number"},
            "note": {"anyOf": [{"type": "null"}, {"type": "string", "maxLength": 12}]},
            "broken": {"type": "boolean"},
            "version": {"const": 2},
            "kind": {
                "oneOf": [{"const": "a", "description": "kettles"}, {"const": "b", "description": "pans"}]
            },
        },
        "required": ["part", "parts", "count", "price", "note", "broken", "version", "kind"],
    }
    form = {"type": "json_schema", "json_schema": {"name": "x", "schema": schema}}

    async def go():
        async with serving() as line:
            return await line.chat("The kettle number 9 is broken", response_format=form)

    answer = json.loads(asyncio.run(go()).choices[0].message.content)
    jsonschema_rs.validator_for(schema).validate(answer)
    assert answer["kind"] == "a"


def test_tools_are_called(serving):
    """A forced tool is called; under auto the one that fits the question is; none means words."""

    def tool(name, about):
        parameters = {
            "type": "object",
            "properties": {"city": {"type": "string"}, "days": {"type": "integer"}},
            "required": ["city", "days"],
        }
        return {
            "type": "function",
            "function": {"name": name, "description": about, "parameters": parameters},
        }

    tools = [
        tool("get_weather", "the weather forecast for a city"),
        tool("book_train", "book a train ticket"),
    ]
    asked = "What is the weather forecast in Lisbon for 3 days?"

    async def go():
        async with serving() as line:
            auto = await line.chat(asked, tools=tools)
            forced = await line.chat(
                asked, tools=tools, tool_choice={"type": "function", "function": {"name": "book_train"}}
            )
            spoken = await line.chat(asked, tools=tools, tool_choice="none")
            stream = [p async for p in await line.chat(asked, tools=tools, stream=True)]
            return auto, forced, spoken, stream

    auto, forced, spoken, stream = asyncio.run(go())
    call = auto.choices[0].message.tool_calls[0]
    assert auto.choices[0].finish_reason == "tool_calls"
    assert call.function.name == "get_weather"
    assert json.loads(call.function.arguments) == {"city": "Lisbon", "days": 3}
    assert forced.choices[0].message.tool_calls[0].function.name == "book_train"
    assert spoken.choices[0].message.content
    deltas = [p.choices[0].delta.tool_calls[0] for p in stream if p.choices and p.choices[0].delta.tool_calls]
    assert "".join(d.function.arguments for d in deltas) == call.function.arguments


def test_same_seed_same_answer_in_any_order(serving):
    """Answers depend on the request alone: shuffled and concurrent calls repeat them; other seeds vary."""
    asks = [(f"{LETTER} It cost {n} pounds.", seed) for n in range(20) for seed in (1, 2)]

    async def once(order):
        async with serving() as line:
            calls = [line.chat(text, system=SYSTEM, seed=seed) for text, seed in order]
            replies = await asyncio.gather(*calls)
            return {ask: reply.choices[0].message.content for ask, reply in zip(order, replies, strict=True)}

    shuffled = random.Random(5).sample(asks, len(asks))
    first, second = asyncio.run(once(asks)), asyncio.run(once(shuffled))
    assert first == second
    assert any(first[text, 1] != first[text, 2] for text, _ in asks)


def test_max_tokens_and_stop_end_an_answer(serving):
    """An answer over max_tokens is cut there with finish reason length; a stop sequence ends it silently."""

    async def go():
        async with serving() as line:
            short = await line.chat(LETTER, system=SYSTEM, max_tokens=5)
            stopped = await line.chat(LETTER, system=SYSTEM, stop=['"urgency"'], reference={"slip": False})
            return short, stopped

    short, stopped = asyncio.run(go())
    assert short.choices[0].finish_reason == "length"
    assert short.usage.completion_tokens == 5
    assert "urgency" not in stopped.choices[0].message.content


def test_cached_tokens_are_a_prefix_seen_before(serving):
    """The second prompt with the same long beginning reports cached tokens in steps of 64, and the same answer."""
    long = SYSTEM + "\n".join(f"Remark {n}: letters are read by people, so be kind." for n in range(60))

    async def go():
        async with serving() as line:
            return [await line.chat(LETTER, system=long) for _ in range(2)]

    first, second = asyncio.run(go())
    cached = second.usage.prompt_tokens_details.cached_tokens
    assert first.usage.prompt_tokens_details.cached_tokens == 0
    assert cached >= 256
    assert cached % 64 == 0
    assert first.choices[0].message.content == second.choices[0].message.content


def test_embeddings(serving):
    """Embeddings are unit vectors of the asked size, alike for texts that are alike, in both encodings."""
    texts = ["refund of an order", "refunds for orders", "repotting an orchid"]

    async def go():
        async with serving() as line:
            packed = await line.sdk.embeddings.create(model="reference-embed", input=texts)
            plain = await line.sdk.embeddings.create(
                model="reference-embed", input=texts, dimensions=64, encoding_format="float"
            )
            return packed, plain

    packed, plain = asyncio.run(go())
    a, b, c = (item.embedding for item in packed.data)
    assert len(a) == 256
    assert len(plain.data[0].embedding) == 64

    def dot(x, y):
        return sum(i * j for i, j in zip(x, y, strict=True))

    assert dot(a, a) == pytest.approx(1, abs=1e-5)
    assert dot(a, b) > dot(a, c) + 0.3


def test_rerank_puts_the_answer_first(serving):
    """The passage that shares the query's rare words scores highest; top_n cuts the list."""
    body = {
        "model": "reference-rerank",
        "query": "how long does a refund take",
        "documents": [
            "Parcels leave daily.",
            {"text": "A refund takes five days."},
            "Gift cards never expire.",
        ],
        "top_n": 2,
    }

    async def go():
        async with serving() as line, line.http.post(f"{line.url}/v1/rerank", json=body) as reply:
            return await reply.json()

    results = asyncio.run(go())["results"]
    assert [results[0]["index"], len(results)] == [1, 2]
    assert results[0]["relevance_score"] > results[1]["relevance_score"]


def test_models_are_listed(serving):
    """GET /v1/models names every model."""

    async def go():
        async with serving() as line:
            return [model.id async for model in line.sdk.models.list()]

    assert set(asyncio.run(go())) == {
        "reference-base",
        "reference-tuned",
        "reference-embed",
        "reference-rerank",
    }


@pytest.mark.parametrize(
    ("body", "status", "named"),
    [
        (b"{", 400, "not JSON"),
        (b"[]", 400, "object"),
        (b'{"model": "reference-base"}', 400, "messages"),
        (b'{"messages": []}', 400, "model"),
        (b'{"model": "reference-base", "messages": []}', 400, "messages"),
        (b'{"model": "gpt", "messages": [{"role": "user", "content": "x"}]}', 404, "reference-base"),
        (b'{"model": "reference-embed", "messages": [{"role": "user", "content": "x"}]}', 404, "reference-embed"),
        (b'{"model": "reference-tuned", "messages": [{"role": "user", "content": "x"}]}', 404, "train rows"),
        (b'{"model": "reference-base", "messages": [{"role": "bot", "content": "x"}]}', 400, "messages[0].role"),
        (b'{"model": "reference-base", "messages": [{"role": "user", "content": [{"type": "image_url"}]}]}', 400, "text"),
        (b'{"model": "reference-base", "messages": [{"role": "user", "content": "x"}], "temperature": 9}', 400, "temperature"),
        (b'{"model": "reference-base", "messages": [{"role": "user", "content": "x"}], "seed": "a"}', 400, "seed"),
        (b'{"model": "reference-base", "messages": [{"role": "user", "content": "x"}], "n": 3}', 400, "'n'"),
        (b'{"model": "reference-base", "messages": [{"role": "user", "content": "x"}], "tools": [1]}', 400, "tools"),
        (b'{"model": "reference-base", "messages": [{"role": "user", "content": "x"}], "tool_choice": 4}', 400, "tool_choice"),
        (b'{"model": "reference-base", "messages": [{"role": "user", "content": "x"}], "response_format": {"type": "xml"}}', 400, "response_format"),
        (b'{"model": "reference-base", "messages": [{"role": "user", "content": "x"}], "max_tokens": 0}', 400, "max_tokens"),
        (b'{"model": "reference-base", "messages": [{"role": "user", "content": "x"}], "reference": {"faults": {"400": 1}}}', 400, "unknown fault"),
        (b'{"model": "reference-base", "messages": [{"role": "user", "content": "x"}], "reference": {"speed": 1}}', 400, "speed"),
        (b'{"model": "reference-base", "messages": [{"role": "user", "content": "x"}], "reference": {"time_scale": -1}}', 400, "time_scale"),
        (b'{"model": "reference-base", "messages": [{"role": "user", "content": "x"}], "reference": 3}', 400, "reference"),
    ],
)  # fmt: skip
def test_wrong_requests_are_answered_in_the_error_shape(serving, body, status, named):
    """A request that cannot be served gets 400 or 404 and a message that names what is wrong."""

    async def go():
        async with serving() as line, line.http.post(f"{line.url}/v1/chat/completions", data=body) as reply:
            return reply.status, await reply.json(), await line.stats()

    got, error, stats = asyncio.run(go())
    assert got == status
    assert named in error["error"]["message"]
    assert set(error["error"]) == {"message", "type", "param", "code"}
    assert stats["refused"] == {str(status): 1}
    assert stats["answered"] == {}


@pytest.mark.parametrize(
    ("path", "body", "named"),
    [
        ("embeddings", {"model": "reference-embed", "input": []}, "input"),
        ("embeddings", {"model": "reference-embed", "input": [[1, 2]]}, "input"),
        ("embeddings", {"model": "reference-embed", "input": "x", "dimensions": 99999}, "dimensions"),
        (
            "embeddings",
            {"model": "reference-embed", "input": "x", "encoding_format": "hex"},
            "encoding_format",
        ),
        ("rerank", {"model": "reference-rerank", "documents": ["x"]}, "query"),
        ("rerank", {"model": "reference-rerank", "query": "x", "documents": [3]}, "documents"),
    ],
)
def test_wrong_vectors_and_reranks(serving, path, body, named):
    """The other endpoints name what is wrong, too."""

    async def go():
        async with serving() as line, line.http.post(f"{line.url}/v1/{path}", json=body) as reply:
            return reply.status, await reply.json()

    status, error = asyncio.run(go())
    assert status == 400
    assert named in error["error"]["message"]


def test_sdk_raises_its_own_errors(serving):
    """The SDK takes a 404 for what it is."""

    async def go():
        async with serving() as line:
            await line.chat("x", model="gpt-9")

    with pytest.raises(openai.NotFoundError, match="reference-base"):
        asyncio.run(go())
