"""One limiter for an endpoint and a key: calls start no faster than the account allows, as declared or as found out.

Nothing declared, nothing refused: nothing is held back. After the first 429 the rate is cut to what got through, then
grows while the endpoint answers: quickly up to the rate at which it last refused, gently beyond. This is how CUBIC
keeps a link full (RFC 9438), with the account's minute in the place of the link. Refusals that go on however slowly
calls start are no limit's: each is waited out as it asks, and the rate is let grow again.
"""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime

from harness.calls.clock import ms_between, now_ns
from harness.calls.halt import Halt

DECLARED_SHARE = 0.98
"""Of a declared limit: its minute and ours do not begin together."""
CATCH_UP_S = 0.25
"""Of a declared limit, what a start that came late may be made up for; an account's shortest window is longer."""
LONGEST_CLOSE_S = 60.0
UNTOLD_CLOSE_S = 0.5
"""After a 429 that does not say for how long."""
FEW = 5
"""Answers that teach no rate."""
PROBE_SHARE = 0.97
"""Of the last ceiling: up to here the rate grows quickly."""
SOON_S = 15.0
"""A limit that was found is met again after more than this (seen: 20 to 40 s)."""
VAIN_CUTS = 4
"""So many more cuts that did not help than cuts that may have, and slowing down is known not to; a limit takes two to be found."""
VAIN_SHARE = 0.5
"""Of a pace that was kept for a while: who is let start no faster than this is not refused for being fast."""
WHILE_S = 5.0
"""Over less, a pace is a burst."""
MOST_STRAY_SHARE = 0.2
"""Of the last fifty or so calls: where more are refused, it is a limit after all."""
BOUNDLESS_PER_S = 10_000.0


@dataclass(slots=True)
class _Lane:
    """Starts, or tokens, at a rate; unlimited while the rate is None."""

    rate_per_s: float | None = None
    next_s: float = 0.0
    catch_up_s: float = 0.0

    def take(self, now_s: float, amount: float) -> None:
        if self.rate_per_s is not None:
            self.next_s = max(self.next_s, now_s - self.catch_up_s) + amount / self.rate_per_s

    def give_back(self, amount: float) -> None:
        if self.rate_per_s is not None:
            self.next_s -= amount / self.rate_per_s


@dataclass(frozen=True, slots=True, kw_only=True)
class Pass:
    """Leave to make one call."""

    started_s: float
    tokens: int
    """What the call was reckoned to take."""
    waited_ms: float


class Limiter:
    """Shared by all models at one endpoint with one key. Mutable, loop-bound."""

    def __init__(self, halt: Halt) -> None:
        """Hold nothing back yet."""
        self._halt = halt
        self._turn = asyncio.Lock()
        self._requests, self._tokens = _Lane(), _Lane()
        self._most_per_s: float | None = None
        """Starts that are declared to be allowed."""
        self._open_s = 0.0
        self._since_s: float | None = None
        """When the span began over which `_answered` is counted."""
        self._answered = 0
        self._cut_s = float("-inf")
        """When a 429 last told something new: calls that started earlier belong to the same burst."""
        self._must_learn = False
        self._ceiling_per_s: float | None = None
        self._grown_s = 0.0
        self._mean_tokens: float | None = None
        self._vain_cuts = 0
        self._kept_per_s: float | None = None
        """The fastest that calls got through for a while, between two refusals."""
        self._refused_share = 0.0
        """Of the last fifty calls or so."""

    def declare(self, limits: Mapping[str, int]) -> None:
        """Keep to these limits a minute; of several declarations the smallest holds."""
        for lane, key in ((self._requests, "rpm"), (self._tokens, "tpm")):
            if key in limits:
                rate = DECLARED_SHARE * limits[key] / 60
                lane.rate_per_s = rate if lane.rate_per_s is None else min(rate, lane.rate_per_s)
                lane.catch_up_s = CATCH_UP_S
        self._most_per_s = self._requests.rate_per_s

    def begin(self) -> None:
        """Count what gets through from the next call on: warm-ups, and the rest after them, tell of no rate."""
        if self._requests.rate_per_s is None and not self._must_learn:
            self._since_s, self._answered = None, 0

    @property
    def counts_tokens(self) -> bool:
        """True where `admit` wants to know what a call may take."""
        return self._tokens.rate_per_s is not None

    async def admit(self, tokens: int = 0) -> Pass | None:
        """Wait for leave to make a call, first come, first served; None where the run stopped meanwhile."""
        began_ns = now_ns()
        clock_s = asyncio.get_running_loop().time
        reckoned = tokens if self._mean_tokens is None else round(self._mean_tokens)
        async with self._turn:
            while (due_s := self._due_s()) > clock_s():
                with suppress(TimeoutError):
                    async with asyncio.timeout_at(due_s):
                        await self._halt.stop.wait()
                        return None
            now_s = clock_s()
            self._learn(now_s)
            self._grow(now_s)
            self._since_s = now_s if self._since_s is None else self._since_s
            self._requests.take(now_s, 1)
            self._tokens.take(now_s, reckoned)
        return Pass(started_s=now_s, tokens=reckoned, waited_ms=ms_between(began_ns, now_ns()))

    def answered(self, leave: Pass, tokens: int | None, headers: Mapping[str, str]) -> None:
        """Note that a call was not refused. `tokens`: what it took; None where unknown."""
        self._answered += 1
        self._refused_share *= 0.98
        if tokens is not None:
            self._tokens.give_back(leave.tokens - tokens)
            mean = self._mean_tokens
            self._mean_tokens = tokens if mean is None else 0.9 * mean + 0.1 * tokens
        self._heed(headers)

    def refused(self, leave: Pass, retry_after_s: float | None) -> None:
        """Note a 429. Those of one burst count as one: only what started after the last cut cuts again."""
        now_s = asyncio.get_running_loop().time()
        self._tokens.give_back(leave.tokens)
        self._refused_share += 0.02 * (1 - self._refused_share)
        wait_s = min(LONGEST_CLOSE_S, UNTOLD_CLOSE_S if retry_after_s is None else retry_after_s)
        self._open_s = max(self._open_s, now_s + wait_s)
        if leave.started_s >= self._cut_s:
            self._cut_s = now_s
            self._must_learn = True

    def _due_s(self) -> float:
        return max(self._open_s, self._requests.next_s, self._tokens.next_s)

    def _learn(self, now_s: float) -> None:
        """After a refusal: what got through since the last one, over that time and the wait that was asked for.

        Only now, as the endpoint opens again, since the calls that were in flight at the refusal have come back.
        """
        if not self._must_learn or self._since_s is None:
            return
        self._must_learn = False
        span_s = now_s - self._since_s
        if self._is_stray(span_s):
            self._since_s, self._answered = now_s, 0
            return
        allowed_per_s = max(self._answered, 1) / max(span_s, 0.1)
        rate = self._requests.rate_per_s
        if rate is not None:
            allowed_per_s = min(max(allowed_per_s, 0.6 * rate), PROBE_SHARE * rate)
        sure = self._answered > FEW or rate is not None
        self._ceiling_per_s = allowed_per_s if sure else None
        self._requests.rate_per_s = PROBE_SHARE * allowed_per_s
        self._requests.next_s = self._since_s = self._grown_s = self._cut_s = now_s
        self._answered = 0

    def _is_stray(self, span_s: float) -> bool:
        """Tell a refusal by chance, or for another's doing, from one by a limit: slowing down did not help with it."""
        if self._vain_cuts == VAIN_CUTS:
            if self._refused_share <= MOST_STRAY_SHARE:
                return True
            self._vain_cuts, self._kept_per_s, self._requests.rate_per_s = 0, None, None
            return False
        rate = self._requests.rate_per_s
        if rate is not None:
            slow = self._kept_per_s is not None and rate < VAIN_SHARE * self._kept_per_s
            self._vain_cuts = max(0, self._vain_cuts + (1 if slow or span_s < SOON_S else -1))
        if span_s >= WHILE_S and self._answered > FEW:
            self._kept_per_s = max(self._kept_per_s or 0.0, self._answered / span_s)
        if self._vain_cuts < VAIN_CUTS:
            return False
        self._ceiling_per_s = None
        return True

    def _grow(self, now_s: float) -> None:
        """Let the rate grow with the time since it last did; a declared limit is never exceeded."""
        rate = self._requests.rate_per_s
        spent_s = now_s - self._grown_s
        if rate is None or rate == self._most_per_s or spent_s <= 0:
            return
        self._grown_s = now_s
        if self._ceiling_per_s is None:
            share = 1.0  # nothing is known yet but that it was too fast: double each second
        elif rate < PROBE_SHARE * self._ceiling_per_s:
            share = 0.05
        else:
            share = 0.002 * (1 + ((now_s - self._cut_s) / 10) ** 2)
        grown = rate * (1 + share) ** min(spent_s, 5.0)
        if self._most_per_s is not None:
            self._requests.rate_per_s = min(grown, self._most_per_s)
        else:
            self._requests.rate_per_s = grown if grown < BOUNDLESS_PER_S else None

    def _heed(self, headers: Mapping[str, str]) -> None:
        """Slow down before a 429 where the endpoint says that its bucket runs dry."""
        for lane, what in ((self._requests, "requests"), (self._tokens, "tokens")):
            limit, left = _number(headers, what, "limit"), _number(headers, what, "remaining")
            reset_s = _reset_s(headers, what)
            if limit is None or left is None or not reset_s or left > 0.1 * limit:
                continue
            refill_per_s = DECLARED_SHARE * (limit - left) / reset_s
            if lane.rate_per_s is None or lane.rate_per_s > refill_per_s > 0:
                lane.rate_per_s = refill_per_s
                if what == "requests":
                    self._ceiling_per_s = refill_per_s
                    self._cut_s = self._grown_s = asyncio.get_running_loop().time()


def _number(headers: Mapping[str, str], what: str, part: str) -> float | None:
    for name in (f"x-ratelimit-{part}-{what}", f"anthropic-ratelimit-{what}-{part}"):
        with suppress(KeyError, ValueError):
            return float(headers[name])
    return None


def _reset_s(headers: Mapping[str, str], what: str) -> float | None:
    """Seconds until the bucket is full: OpenAI says `6m0s` or `120ms`, Anthropic gives an instant."""
    told = headers.get(f"x-ratelimit-reset-{what}")
    if told is not None:
        return _span_s(told)
    instant = headers.get(f"anthropic-ratelimit-{what}-reset")
    if instant is None:
        return None
    with suppress(ValueError, TypeError):
        return max(0.0, (datetime.fromisoformat(instant) - datetime.now(UTC)).total_seconds())
    return None


def _span_s(text: str) -> float | None:
    import re

    parts = re.findall(r"(\d+(?:\.\d+)?)(ms|h|m|s|d)", text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        return None
    scale = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
    return sum(float(number) * scale[unit] for number, unit in parts)
