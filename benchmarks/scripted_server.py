"""A chat endpoint whose truth is known: how often it is right, how often it breaks the schema, how long it takes, what it uses.

It answers /chat/completions by the law of the model that is asked (see Law). The question holds the right answer: the
JSON object in it is what a right answer repeats. Every draw hangs on the question, on the model and on how often that
was asked, never on the order in which requests come, so that a seed in the question makes a run again; only the load, where there
is one, goes from request to request. Prints its port; each line on stdin is answered with the account since the last one, as
one line of JSON: model → [[planned ms, served ms], …]; ends with stdin.

    python benchmarks/scripted_server.py '{"laws": {"MODEL": {"right": [0, 0.8]}}, "load": {"sd": 0.25}}'
"""

import asyncio
import json
import math
import random
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from statistics import NormalDist
from time import perf_counter_ns
from typing import Any

from known_server import HEAD, Connection

NORMAL = NormalDist()
EARLY_S = 0.001
"""A loop's timer comes late by up to a millisecond: it is set so much early, and the rest is waited out."""
INPUT_TOKENS = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class Law:
    """How one model answers: what is to be found out. Every share and quantile is that of all questions there could be."""

    right: tuple[float, float] = (0.0, 0.8)
    """An answer is right where its draw, uniform in [0, 1), lies in here: two models whose draws are the question's own
    (`alike` 1) disagree on just those questions that lie in one of their ranges."""
    by_field: bool = False
    """True: each field of an answer is right or wrong by a draw of its own. False: all of them together."""
    broken: float = 0.0
    """Share of the answers that are no JSON."""
    median_ms: float = 20.0
    sigma: float = 0.5
    """Of the logarithm of the time, which is normal."""
    tokens_median: float = 60.0
    tokens_sigma: float = 0.4
    """Of the logarithm of the tokens of an answer, before they are rounded to 1 or more."""
    alike: float = 0.5
    """Share of the variance of each draw that the question has and its models and repeats have in common; 1: all of it."""

    @property
    def p50_ms(self) -> float:
        """Half of all answers take no longer."""
        return self.quantile_ms(0.5)

    def quantile_ms(self, q: float) -> float:
        """What the share `q` of all answers takes at most."""
        return self.median_ms * math.exp(self.sigma * NORMAL.inv_cdf(q))

    @property
    def accuracy(self) -> float:
        """Mean share of right fields: a broken answer has none."""
        return (self.right[1] - self.right[0]) * (1 - self.broken)

    @property
    def tokens(self) -> float:
        """Mean tokens of an answer, of the rounded numbers: the sum of P(at least k) over k."""
        spread = NormalDist(math.log(self.tokens_median), self.tokens_sigma)
        highest = int(self.tokens_median * math.exp(9 * self.tokens_sigma)) + 2
        return 1 + sum(1 - spread.cdf(math.log(k - 0.5)) for k in range(2, highest))


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What else the machine behind the endpoint does: times are multiplied by exp(load), an AR(1), one step a request."""

    sd: float = 0.25
    keeps: float = 0.99
    """Correlation of one request's load with the next one's."""
    seed: int = 1

    def levels(self) -> Iterator[float]:
        """Its course, without end."""
        draw = random.Random(self.seed)
        level = draw.gauss(0, self.sd)
        while True:
            yield level
            level = self.keeps * level + draw.gauss(0, self.sd * math.sqrt(1 - self.keeps**2))


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What one request is given, and when."""

    data: bytes
    delay_s: float


class Site:
    """The one server."""

    def __init__(self, laws: Mapping[str, Law], load: Load | None) -> None:
        """Begin with an empty account."""
        self._laws = laws
        self._levels = load.levels() if load else iter(lambda: 0.0, None)
        self._asked: dict[tuple[str, str], int] = {}
        self._account: dict[str, list[tuple[float, float]]] = {}

    def answer(self, body: Mapping[str, Any]) -> tuple[str, Answer]:
        """Draw one answer; the model's name beside it."""
        model, question = body["model"], body["messages"][-1]["content"]
        law = self._laws[model]
        times = self._asked[model, question] = self._asked.get((model, question), 0) + 1
        shared, own = random.Random(question), random.Random(f"{model} {times} {question}")
        weight, rest = math.sqrt(law.alike), math.sqrt(1 - law.alike)

        def draw() -> float:
            return weight * shared.gauss(0, 1) + rest * own.gauss(0, 1)

        took_ms = law.median_ms * math.exp(law.sigma * draw() + next(self._levels))
        tokens = max(1, round(law.tokens_median * math.exp(law.tokens_sigma * draw())))
        broken = NORMAL.cdf(draw()) < law.broken
        wanted = json.loads(question[question.index("{") :])
        whole = _is_right(law, draw())
        text = {
            name: value if (_is_right(law, draw()) if law.by_field else whole) else "wrong"
            for name, value in wanted.items()
        }
        said = "I would rather not say it in JSON." if broken else json.dumps(text)
        return model, Answer(data=_framed(model, said, tokens), delay_s=took_ms / 1000)

    def note(self, model: str, planned_ms: float, served_ms: float) -> None:
        """One more answer is written."""
        self._account.setdefault(model, []).append((planned_ms, served_ms))

    def told(self) -> str:
        """One line of JSON; the account then begins anew."""
        line = json.dumps(self._account)
        self._account, self._asked = {}, {}
        return line


def _is_right(law: Law, drawn: float) -> bool:
    low, high = law.right
    return low <= NORMAL.cdf(drawn) < high


def _framed(model: str, said: str, tokens: int) -> bytes:
    message = {"role": "assistant", "content": said, "refusal": None}
    choice = {"index": 0, "finish_reason": "stop", "logprobs": None, "message": message}
    usage = {
        "prompt_tokens": INPUT_TOKENS,
        "completion_tokens": tokens,
        "total_tokens": INPUT_TOKENS + tokens,
    }
    about = {"id": "c", "object": "chat.completion", "created": 1, "model": model}
    data = json.dumps({**about, "choices": [choice], "usage": usage}).encode()
    return HEAD % (b"application/json", b"Content-Length: %d" % len(data)) + data


class Scripted(Connection):
    """One connection: for each whole request the answer that its law has drawn, when its time has come."""

    _site: Any

    def _serve(self, head: bytes, body: bytes, read_ns: int) -> None:  # noqa: ARG002 - one path is all there is
        model, answer = self._site.answer(json.loads(body))
        loop = asyncio.get_running_loop()
        due_ns = read_ns + int(answer.delay_s * 1e9)
        loop.call_at(
            loop.time() + (due_ns - perf_counter_ns()) / 1e9 - EARLY_S,
            self._write,
            model,
            answer,
            (read_ns, due_ns),
        )

    def _write(self, model: str, answer: Answer, when_ns: tuple[int, int]) -> None:
        read_ns, due_ns = when_ns
        while perf_counter_ns() < due_ns:
            pass
        if not self._transport.is_closing():
            self._transport.write(answer.data)
            self._site.note(model, answer.delay_s * 1000, (perf_counter_ns() - read_ns) / 1e6)


async def main() -> None:
    """Serve until stdin ends."""
    told = json.loads(sys.argv[1])
    laws = {name: Law(**law) for name, law in told["laws"].items()}
    site = Site(laws, Load(**told["load"]) if told.get("load") else None)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Scripted(site), "127.0.0.1", 0, backlog=4096)
    print(server.sockets[0].getsockname()[1], flush=True)
    while await loop.run_in_executor(None, sys.stdin.readline):
        print(site.told(), flush=True)
    server.close()


if __name__ == "__main__":
    asyncio.run(main())
