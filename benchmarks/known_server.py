"""A chat endpoint that keeps an account of its own latency, to hold a client's figures against.

It answers /chat/completions and /messages, plain and streamed, after a delay drawn from a log-normal distribution, and
notes what it really did. Prints its port; each line on stdin is answered with the account since the last one, as one
line of JSON (see Account); ends with stdin.

    python benchmarks/known_server.py [--median-s 0.3] [--sigma 0.3] [--chunks 10] [--seed 7]
"""

import argparse
import asyncio
import json
import math
import random
import re
import sys
from itertools import pairwise
from time import perf_counter_ns

ANSWER = '{"category": "billing", "priority": "high"}'
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: %s\r\n%s\r\n\r\n"
SIZE = re.compile(rb"\r\ncontent-length:\s*(\d+)", re.IGNORECASE)
STREAMED = re.compile(rb'"stream":\s*true')
FIRST_SHARE = 0.3
"""Of a streamed answer's time, how much passes before its first content."""

OPENAI_USAGE = {"prompt_tokens": 120, "completion_tokens": 12, "total_tokens": 132}
ANTHROPIC_USAGE = {"input_tokens": 120, "output_tokens": 12}


class Account:
    """What was served: times in milliseconds, in the order of the requests' arrival; None for what has not ended."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self.service_ms: list[float | None] = []
        """Last byte of the request read → last byte of the answer written."""
        self.first_ms: list[float | None] = []
        """Last byte of the request read → first content written; None for plain answers."""
        self.in_flight = 0
        self.peak = 0

    def begin(self) -> int:
        """One more request in flight; its number."""
        self.in_flight += 1
        self.peak = max(self.peak, self.in_flight)
        self.service_ms.append(None)
        self.first_ms.append(None)
        return len(self.service_ms) - 1

    def told(self) -> str:
        """One line of JSON; the account then begins anew."""
        line = json.dumps({"service_ms": self.service_ms, "first_ms": self.first_ms, "peak": self.peak})
        self.service_ms, self.first_ms, self.peak = [], [], self.in_flight
        return line


class Site:
    """The one server: its answers, ready as bytes, and its account."""

    def __init__(self, flags: argparse.Namespace) -> None:
        """Write every answer beforehand: to serve costs little CPU."""
        self.account = Account()
        self._flags = flags
        self._random = random.Random(flags.seed)
        cuts = [at * len(ANSWER) // flags.chunks for at in range(flags.chunks + 1)]
        words = [ANSWER[start:end] for start, end in pairwise(cuts)]
        self.plain = {True: _whole(_message()), False: _whole(_completion())}
        self.streamed = {True: _anthropic_stream(words), False: _openai_stream(words)}

    def delay_s(self) -> float:
        """Draw the time of one answer."""
        return self._flags.median_s * math.exp(self._random.gauss(0, self._flags.sigma))


def _whole(body: object) -> bytes:
    data = json.dumps(body).encode()
    return HEAD % (b"application/json", b"Content-Length: %d" % len(data)) + data


def _completion() -> dict[str, object]:
    message = {"role": "assistant", "content": ANSWER, "refusal": None}
    choice = {"index": 0, "finish_reason": "stop", "logprobs": None, "message": message}
    told = {"id": "c", "object": "chat.completion", "created": 1, "model": "known"}
    return {**told, "choices": [choice], "usage": OPENAI_USAGE}


def _message() -> dict[str, object]:
    told = {"id": "m", "type": "message", "role": "assistant", "model": "known"}
    content = [{"type": "text", "text": ANSWER}]
    return {
        **told,
        "content": content,
        "stop_reason": "end_turn",
        "stop_sequence": None,
        "usage": ANTHROPIC_USAGE,
    }


def _openai_stream(words: list[str]) -> list[bytes]:
    """One piece a word; the first one opens the answer, the last one ends it."""
    told = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "known"}

    def event(**parts: object) -> str:
        return f"data: {json.dumps({**told, **parts})}\n\n"

    def said(delta: dict[str, str], finish: str | None = None) -> str:
        return event(choices=[{"index": 0, "delta": delta, "finish_reason": finish}])

    pieces = [said({"role": "assistant", "content": word}) for word in words]
    pieces[-1] += said({}, "stop") + event(choices=[], usage=OPENAI_USAGE) + "data: [DONE]\n\n"
    return _chunked(pieces)


def _anthropic_stream(words: list[str]) -> list[bytes]:
    def event(kind: str, **parts: object) -> str:
        return f"event: {kind}\ndata: {json.dumps({'type': kind, **parts})}\n\n"

    opened = {**_message(), "content": [], "stop_reason": None}
    block = {"type": "text", "text": ""}
    deltas = [{"type": "text_delta", "text": word} for word in words]
    pieces = [event("content_block_delta", index=0, delta=delta) for delta in deltas]
    pieces[0] = (
        event("message_start", message=opened)
        + event("content_block_start", index=0, content_block=block)
        + pieces[0]
    )
    ending = {"stop_reason": "end_turn", "stop_sequence": None}
    pieces[-1] += event("content_block_stop", index=0)
    pieces[-1] += event("message_delta", delta=ending, usage=ANTHROPIC_USAGE) + event("message_stop")
    return _chunked(pieces)


def _chunked(pieces: list[str]) -> list[bytes]:
    """Frame the pieces: the head goes with the first, the end of the body with the last."""
    framed = [b"%x\r\n%s\r\n" % (len(data), data) for data in (piece.encode() for piece in pieces)]
    framed[0] = HEAD % (b"text/event-stream", b"Transfer-Encoding: chunked") + framed[0]
    framed[-1] += b"0\r\n\r\n"
    return framed


class Connection(asyncio.Protocol):
    """One connection: for each whole request one answer, when its time has come."""

    def __init__(self, site: Site) -> None:
        """Belong to one server."""
        self._site = site
        self._held = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way back."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Take every request that is whole."""
        read_ns = perf_counter_ns()
        self._held += data
        while (end := self._held.find(b"\r\n\r\n")) >= 0:
            head = self._held[:end]
            size = SIZE.search(head)
            whole = end + 4 + (int(size[1]) if size else 0)
            if len(self._held) < whole:
                return
            body, self._held = self._held[end + 4 : whole], self._held[whole:]
            self._serve(head, body, read_ns)

    def _serve(self, head: bytes, body: bytes, read_ns: int) -> None:
        site = self._site
        number, delay_s = site.account.begin(), site.delay_s()
        theirs = b"/messages" in head.split(b"\r\n", 1)[0]
        if STREAMED.search(body):
            pieces = site.streamed[theirs]
            step_s = delay_s * (1 - FIRST_SHARE) / (len(pieces) - 1)
            dues_s = [delay_s * FIRST_SHARE + step_s * at for at in range(len(pieces))]
        else:
            pieces, dues_s = [site.plain[theirs]], [delay_s]
        service = Service(site.account, self._transport, number, read_ns)
        loop = asyncio.get_running_loop()
        began_s = loop.time() - (perf_counter_ns() - read_ns) / 1e9
        for at, (piece, due_s) in enumerate(zip(pieces, dues_s, strict=True)):
            loop.call_at(began_s + due_s, service.write, piece, at, at == len(pieces) - 1)


class Service:
    """One request under way."""

    def __init__(self, account: Account, transport: asyncio.Transport, number: int, read_ns: int) -> None:
        """Belong to one account, which it may outlive."""
        self._account, self._transport = account, transport
        self._times = (account.service_ms, account.first_ms)
        self._number, self._read_ns = number, read_ns

    def write(self, piece: bytes, at: int, last: bool) -> None:
        """Write one piece, and note when: a client that has gone away leaves a hole in the account."""
        if not self._transport.is_closing():
            self._transport.write(piece)
            spent_ms = (perf_counter_ns() - self._read_ns) / 1e6
            service_ms, first_ms = self._times
            if at == 0 and not last:
                first_ms[self._number] = spent_ms
            if last:
                service_ms[self._number] = spent_ms
        if last:
            self._account.in_flight -= 1


async def main() -> None:
    """Serve until stdin ends."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--median-s", type=float, default=0.3)
    parser.add_argument("--sigma", type=float, default=0.3)
    parser.add_argument("--chunks", type=int, default=10)
    parser.add_argument("--seed", type=int, default=7)
    site = Site(parser.parse_args())
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(site), "127.0.0.1", 0, backlog=4096)
    print(server.sockets[0].getsockname()[1], flush=True)
    while await loop.run_in_executor(None, sys.stdin.readline):
        print(site.account.told(), flush=True)
    server.close()


if __name__ == "__main__":
    asyncio.run(main())
