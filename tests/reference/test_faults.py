"""Faults on request: each kind is what it says, draws are deterministic, and the counters add up."""

import asyncio
import time

import aiohttp
import openai
import pytest

from harness.reference.faults import FaultDraws, Options, options_of, parse_faults


def only(kind, **more):
    """Options under which every call meets one fault."""
    return {"faults": {kind: 1.0}, **more}


def met(serving, reference, **more):
    """What the SDK raises for one call."""

    async def go():
        async with serving() as line:
            try:
                await line.chat("Hello there", reference=reference, **more)
            except openai.OpenAIError as error:
                return error, await line.stats()
            raise AssertionError("the call was answered")

    return asyncio.run(go())


def test_429_carries_retry_after(serving):
    """A 429 is the SDK's RateLimitError, with the Retry-After that was asked for."""
    error, stats = met(serving, only("429", retry_after_s=0.25))
    assert isinstance(error, openai.RateLimitError)
    assert error.response.headers["retry-after"] == "0.25"
    assert stats["faults"] == {"429": 1}
    assert stats["answered"] == {}
    assert stats["refused"] == {}


def test_500(serving):
    """A 500 is the SDK's InternalServerError."""
    error, _ = met(serving, only("500"))
    assert isinstance(error, openai.InternalServerError)


@pytest.mark.parametrize("kind", ["drop", "cut"])
def test_broken_connections(serving, kind):
    """A dropped connection and a cut body are connection errors; each is counted once."""
    error, stats = met(serving, only(kind))
    assert isinstance(error, openai.APIConnectionError)
    assert stats["faults"] == {kind: 1}
    assert stats["requests"] == {"chat": 1}


def test_cut_leaves_part_of_the_body(serving):
    """A cut answer has its status line and a first part of the bytes that it promised."""
    body = {
        "model": "reference-base",
        "messages": [{"role": "user", "content": "x"}],
        "reference": only("cut"),
    }

    async def go():
        async with serving() as line, line.http.post(f"{line.url}/v1/chat/completions", json=body) as reply:
            got = await reply.content.readany()
            with pytest.raises(aiohttp.ClientPayloadError):
                await reply.content.read()
            return reply.status, got, int(reply.headers["Content-Length"])

    status, got, promised = asyncio.run(go())
    assert status == 200
    assert 0 < len(got) < promised


def test_cut_stream_ends_without_done(serving):
    """A cut stream breaks off before its end."""

    async def go():
        async with serving() as line:
            stream = await line.chat("Hello", stream=True, reference=only("cut"))
            parts = [await anext(stream)]
            # As the SDK's version words it: 2 lets the transport's error through, 3 wraps it.
            with pytest.raises(Exception, match=r"not completed|Connection error"):
                parts.extend([part async for part in stream])
            return parts

    assert all(part.choices[0].finish_reason is None for part in asyncio.run(go()))


def test_garbage_is_a_200_that_is_no_json(serving):
    """Garbage comes with status 200 and an HTML body."""
    body = {
        "model": "reference-base",
        "messages": [{"role": "user", "content": "x"}],
        "reference": only("garbage"),
    }

    async def go():
        async with serving() as line, line.http.post(f"{line.url}/v1/chat/completions", json=body) as reply:
            return reply.status, reply.content_type, await reply.text()

    status, kind, text = asyncio.run(go())
    assert (status, kind) == (200, "text/html")
    assert text.startswith("<!doctype html>")


def test_hang_lasts_until_the_caller_leaves(serving):
    """A hanging call never answers; once the caller gives up, the endpoint lets go of it."""

    async def go():
        async with serving() as line:
            with pytest.raises(openai.APITimeoutError):
                await line.chat("Hello", reference=only("hang"), timeout=0.1)
            for _ in range(200):
                stats = await line.stats()
                if stats["in_flight"] == 0:
                    return stats
            raise AssertionError("still in flight")

    assert asyncio.run(go())["faults"] == {"hang": 1}


def test_slow_trickles_to_the_whole_answer(serving):
    """A slow answer comes in small pieces over its time, and is whole in the end."""
    body = {
        "model": "reference-base",
        "messages": [{"role": "user", "content": "x"}],
        "reference": only("slow", time_scale=0.01),
    }

    async def go():
        async with serving() as line:
            started = time.perf_counter()
            async with line.http.post(f"{line.url}/v1/chat/completions", json=body) as reply:
                parts = [part async for part in reply.content.iter_any()]
            return parts, time.perf_counter() - started

    parts, took_s = asyncio.run(go())
    assert len(parts) > 5
    assert took_s > 0.19
    assert parts[-1].endswith(b"}")


def test_draws_are_deterministic_and_a_retry_draws_anew():
    """The same bodies in the same number meet the same faults; about the asked share does."""
    shares = {"429": 0.2, "cut": 0.1}
    bodies = [f"body {n % 300}".encode() for n in range(3000)]
    draws = [FaultDraws(), FaultDraws()]
    first, second = ([each.draw(body, shares) for body in bodies] for each in draws)
    assert first == second
    assert 0.16 < first.count("429") / 3000 < 0.24
    assert 0.07 < first.count("cut") / 3000 < 0.13
    assert len({first[n] for n in range(0, 3000, 300)}) > 1
    draws[0].clear()
    assert draws[0].draw(bodies[0], shares) == first[0]


def test_counters_add_up(serving):
    """Every request is answered, refused or a fault, and /reset forgets them all."""
    shares = {"429": 0.2, "500": 0.2, "drop": 0.1}

    async def go():
        async with serving(time_scale=0.5) as line:
            calls = [line.chat(f"Hello {n}", reference={"faults": shares}) for n in range(60)]
            await asyncio.gather(*calls, return_exceptions=True)
            stats = await line.stats()
            async with line.http.post(f"{line.url}/reset") as reply:
                assert reply.status == 200
            return stats, await line.stats()

    stats, after = asyncio.run(go())
    assert stats["requests"] == {"chat": 60}
    assert stats["answered"]["chat"] + sum(stats["faults"].values()) == 60
    assert set(stats["faults"]) == set(shares)
    assert stats["max_in_flight"] > 1
    assert after["requests"] == {}


@pytest.mark.parametrize(
    ("text", "what"),
    [("429", "kind:share"), ("429:x", "kind:share"), ("418:0.1", "unknown"), ("429:2", "[0, 1]"), ("429:0.6,cut:0.6", "more than 1")],
)  # fmt: skip
def test_faults_on_the_command_line_name_what_is_wrong(text, what):
    """A wrong --faults says which part and why."""
    with pytest.raises(ValueError, match=what.replace("[", "\\[")):
        parse_faults(text)


def test_options_come_over_the_defaults():
    """The body's options replace only what they name."""
    defaults = Options(time_scale=0.5, faults=parse_faults("429:0.1, 500:0.05"))
    assert options_of(None, defaults) is defaults
    mixed = options_of({"slip": False, "retry_after_s": 2}, defaults)
    assert (mixed.time_scale, mixed.retry_after_s, mixed.slip) == (0.5, 2.0, False)
    assert mixed.faults == {"429": 0.1, "500": 0.05}
