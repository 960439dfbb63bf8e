"""A chat endpoint on loopback, in a process of its own, that goes wrong by plan and keeps the books of what it did.

It answers /chat/completions and /messages after a log-normal delay. What befalls a request is drawn from the seed, the
model, the question and how often that was asked: never from the order in which requests come. It prints its port; each
line on stdin is answered with all that was done so far, one line of JSON (see Deed); ends with stdin.
"""

import asyncio
import json
import math
import random
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from time import perf_counter_ns
from typing import Any

SIZE = re.compile(rb"\r\ncontent-length:\s*(\d+)", re.IGNORECASE)
ANSWER = "blue"
ANSWER_TOKENS = 12
SAID = {400: "Bad Request", 429: "Too Many Requests", 500: "Internal Server Error", 200: "OK"}


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How it behaves."""

    median_s: float = 0.03
    sigma: float = 0.3
    faults: Mapping[str, float] = field(default_factory=dict)
    """Share of the requests by fault: 429, 500, drop, cut, garbage, hang."""
    seed: int = 7
    retry_after_s: float = 0.05
    per_s: float | None = None
    """Requests a second that it allows on top of `burst`; what is above is a 429. None: all."""
    burst: int = 10
    charges_the_gone: bool = False
    """Answers, and charges, also a client that has gone away before its time had come, as vendors do."""


@dataclass(kw_only=True)
class Deed:
    """What was done about one request."""

    model: str
    question: str
    """The last message, whole."""
    at_s: float
    """When it was read, since the first one was."""
    did: str = "nothing"
    """answered, limited, or the name of a fault; `nothing` until it is done, or where the client has gone."""
    ms: float | None = None
    """Last byte of the request read → last byte of the answer written; None where none was."""
    input_tokens: int = 0
    output_tokens: int = 0
    """What an answer said that it took."""


@dataclass
class Bookkeeper:
    """A running server, as its client sees it."""

    url: str
    """Without `/v1`, as Anthropic's clients want it."""
    process: "subprocess.Popen[str]"

    def deeds(self) -> list[Deed]:
        """All that it has done so far."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return [Deed(**told) for told in json.loads(self.process.stdout.readline())]


@contextmanager
def keeping_books(plan: Plan) -> Iterator[Bookkeeper]:
    """Start one, and end it."""
    command = [sys.executable, "-S", __file__, json.dumps(asdict(plan))]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield Bookkeeper(f"http://127.0.0.1:{int(process.stdout.readline())}", process)
        finally:
            process.kill()


class Site:
    """The one server."""

    def __init__(self, plan: Plan) -> None:
        """Begin with empty books."""
        self.plan = plan
        self.deeds: list[Deed] = []
        self._asked: dict[tuple[str, str], int] = {}
        self._began_ns: int | None = None
        self._left, self._filled_s = float(plan.burst), 0.0

    def fate(self, body: Mapping[str, Any], read_ns: int) -> tuple[Deed, str, float]:
        """Open the deed; what is to be done, and after how many seconds."""
        self._began_ns = read_ns if self._began_ns is None else self._began_ns
        deed = Deed(
            model=body["model"],
            question=_text(body["messages"][-1]["content"]),
            at_s=(read_ns - self._began_ns) / 1e9,
        )
        self.deeds.append(deed)
        asked = (deed.model, deed.question)
        times = self._asked[asked] = self._asked.get(asked, 0) + 1
        draw = random.Random(f"{self.plan.seed} {asked} {times}")
        delay_s = self.plan.median_s * math.exp(draw.gauss(0, self.plan.sigma))
        if not self._allowed(deed.at_s):
            return deed, "limited", 0.0
        lot = draw.random()
        for fault, share in self.plan.faults.items():
            lot -= share
            if lot < 0:
                return deed, fault, delay_s
        return deed, "answered", delay_s

    def _allowed(self, at_s: float) -> bool:
        """Take a token from the bucket."""
        if self.plan.per_s is None:
            return True
        self._left = min(self.plan.burst, self._left + (at_s - self._filled_s) * self.plan.per_s)
        self._filled_s = at_s
        if self._left < 1:
            return False
        self._left -= 1
        return True

    def reply(self, deed: Deed, did: str, size: int) -> bytes:
        """Write what is sent, and note what it says that it took."""
        if did in ("429", "limited", "500"):
            status = 500 if did == "500" else 429
            more = f"Retry-After: {self.plan.retry_after_s:g}\r\n" if status == 429 else ""
            return _framed(status, b'{"error": {"message": "not now", "type": "later"}}', more)
        if did == "garbage":
            return _framed(200, b"<html>It works!</html>", kind="text/html")
        deed.input_tokens, deed.output_tokens = max(1, size // 4), ANSWER_TOKENS
        whole = _framed(200, json.dumps(_answer(deed)).encode())
        return whole[:-20] if did == "cut" else whole


def _text(content: Any) -> str:
    return content if isinstance(content, str) else "".join(part.get("text", "") for part in content)


def _framed(status: int, body: bytes, more: str = "", kind: str = "application/json") -> bytes:
    head = f"HTTP/1.1 {status} {SAID[status]}\r\nContent-Type: {kind}\r\n{more}Content-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


def _answer(deed: Deed) -> dict[str, Any]:
    """The two vendors' answers in one: each client reads its own and leaves the rest."""
    told, taken = deed.input_tokens, deed.output_tokens
    if "anthropic" in deed.model:
        usage = {"input_tokens": told, "output_tokens": taken}
        content = [{"type": "text", "text": ANSWER}]
        ends = {"stop_reason": "end_turn", "stop_sequence": None}
        return {
            "id": "m",
            "type": "message",
            "role": "assistant",
            "model": deed.model,
            "content": content,
            **ends,
            "usage": usage,
        }
    message = {"role": "assistant", "content": ANSWER, "refusal": None}
    choice = {"index": 0, "finish_reason": "stop", "logprobs": None, "message": message}
    usage = {"prompt_tokens": told, "completion_tokens": taken, "total_tokens": told + taken}
    about = {"id": "c", "object": "chat.completion", "created": 1, "model": deed.model}
    return {**about, "choices": [choice], "usage": usage}


class Connection(asyncio.Protocol):
    """One connection: for each whole request what was planned for it, when its time has come."""

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
            found = SIZE.search(self._held[: end + 2])
            whole = end + 4 + (int(found[1]) if found else 0)
            if len(self._held) < whole:
                return
            body, self._held = self._held[end + 4 : whole], self._held[whole:]
            deed, did, delay_s = self._site.fate(json.loads(body), read_ns)
            loop = asyncio.get_running_loop()
            due_s = loop.time() - (perf_counter_ns() - read_ns) / 1e9 + delay_s
            loop.call_at(due_s, self._do, deed, did, (read_ns, len(body)))

    def _do(self, deed: Deed, did: str, asked: tuple[int, int]) -> None:
        """Do it, and write it down: of a client that has gone away, that nothing was done, unless the plan charges it."""
        read_ns, size = asked
        if did == "hang":
            deed.did = did
            return
        if self._transport.is_closing() and not self._site.plan.charges_the_gone:
            return
        deed.did = did
        if did == "drop":
            self._transport.abort()
            return
        self._transport.write(self._site.reply(deed, did, size))
        deed.ms = (perf_counter_ns() - read_ns) / 1e6
        if did == "cut":
            self._transport.close()


async def main() -> None:
    """Serve until stdin ends."""
    site = Site(Plan(**json.loads(sys.argv[1])))
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(site), "127.0.0.1", 0, backlog=4096)
    print(server.sockets[0].getsockname()[1], flush=True)
    while await loop.run_in_executor(None, sys.stdin.readline):
        print(json.dumps([asdict(deed) for deed in site.deeds]), flush=True)
    server.close()


if __name__ == "__main__":
    asyncio.run(main())
