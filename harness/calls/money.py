"""What a call cost, from its tokens and its price. Unknown stays unknown."""

from collections.abc import Iterable

import orjson

from harness.errors import CallError
from harness.types.call import Attempt, Request, Task, Usage
from harness.types.experiment import ModelSpec, Price

_MILLION = 1_000_000
_ALWAYS_TOLD = ("input_tokens", "output_tokens")
_LONGEST = ("max_tokens", "max_completion_tokens", "max_output_tokens")
_TOOL_PROMPT_TOKENS = 1_000
"""Anthropic documents up to 346 tokens of its own for a request with tools."""


def cost_usd(price: Price | None, usage: Usage | None) -> float | None:
    """Price one call in US dollars; None where a rate or a bucket that it needs is unknown.

    A bucket that the server did not report counts as empty only where the server reported the call's
    other tokens: servers leave `cached` and `written` out where they have no such cache. A bucket that holds tokens
    needs a rate of its own: a vendor's discount, or surcharge, is never guessed.
    """
    if price is not None and price.tiers:
        price = price.at(whole_input_tokens(usage)) if whole_input_tokens(usage) >= 0 else None
    if price is None:
        return None
    if price.gpu_usd_per_hour is not None:
        return _gpu_usd(price)
    rates = (price.input_usd_per_mtok, price.output_usd_per_mtok)
    if price.request_usd and all(rate is None for rate in rates):
        return price.request_usd
    if all(rate is None for rate in rates):
        return None
    cached_rates = (price.cached_input_usd_per_mtok, price.cache_write_usd_per_mtok)
    if all(rate == 0 for rate in rates) and not any(cached_rates):
        return price.request_usd  # declared free: what it counted does not matter
    return _tokens_usd(price, usage)


def _tokens_usd(price: Price, usage: Usage | None) -> float | None:
    if usage is None or usage.input_tokens is None or usage.output_tokens is None:
        return None
    parts = (
        (usage.input_tokens, price.input_usd_per_mtok),
        (usage.cached_input_tokens or 0, price.cached_input_usd_per_mtok),
        (usage.cache_write_tokens or 0, price.cache_write_usd_per_mtok),
        (usage.output_tokens, price.output_usd_per_mtok),
    )
    if any(tokens and rate is None for tokens, rate in parts):
        return None
    return price.request_usd + sum(tokens * (rate or 0.0) for tokens, rate in parts) / _MILLION


def whole_input_tokens(usage: Usage | None) -> int:
    """All input of a call, cached and written too, by whose length some vendors choose the rate; -1 where unknown."""
    if usage is None or usage.input_tokens is None:
        return -1
    return usage.input_tokens + (usage.cached_input_tokens or 0) + (usage.cache_write_tokens or 0)


def call_usd(price: Price | None, usage: Usage | None, attempts: Iterable[Attempt]) -> float | None:
    """Price a call with all its attempts: `usage` is that of the one that answered, or timed out (None).

    A 200 that could not be used was served and may be billed: it costs what it told that it took, and is unknown where
    it told nothing. Other failures count as free here, as vendors have it; what a dropped connection or a time-out may
    have cost all the same stands in the run's spending, at its bound (`may_be_billed`).
    """
    served = [attempt for attempt in attempts if attempt.status == 200 and attempt.error is not None]
    return total_usd([cost_usd(price, usage), *(cost_usd(price, attempt.usage) for attempt in served)])


def may_be_billed(error: CallError) -> bool:
    """True where the endpoint may have worked for a failed attempt: it answered 200, or never said how it ended."""
    return error.status in (None, 200) and error.type != "stopped"


def bound_usd(model: ModelSpec, request: Request, longest_tokens: int | None = None) -> float | None:
    """An upper bound of one attempt's cost in US dollars; None where there is none.

    A token is at least one byte of UTF-8, so the request's bytes bound its input; the roles and separators of a chat
    template take less than the JSON around each message. The longest answer that was asked for bounds the output;
    `longest_tokens` where the model asks for none. What `extra` adds to the body may be read too. Of several tiers the dearest counts.
    """
    if model.price is None or unbounded(model, longest_tokens, request.task) is not None:
        return None
    free_of_tokens = cost_usd(model.price, None)
    if free_of_tokens is not None:
        return free_of_tokens
    output_tokens = (longest_answer(model) or longest_tokens or 0) if request.task == "answer" else 0
    sizes = (most_input_tokens(request) + _extra_tokens(model), output_tokens)
    return max(_most_usd(price, *sizes) for price in _flat(model.price))


def unbounded(model: ModelSpec, longest_tokens: int | None = None, task: Task = "answer") -> str | None:
    """Why a call of this model has no upper bound of its cost, in words; None where it has one."""
    if model.price is None:
        return "it is unpriced"
    if cost_usd(model.price, None) is not None:
        return None
    if (why := no_rate(model.price, task)) is not None:
        return why
    if model.prompt_cache and any(p.cache_write_usd_per_mtok is None for p in _flat(model.price)):
        return "its price leaves cache_write_usd_per_mtok out"
    bounded = task != "answer" or longest_answer(model) or longest_tokens
    return None if bounded else "it sets no max_tokens"


def no_rate(price: Price, task: Task = "answer") -> str | None:
    """Why a call cannot be priced, in words; None where each token has its rate. Only an answer has output."""
    if price.gpu_usd_per_hour is not None:
        return "its price leaves capacity_per_s or utilisation out"
    needed = ("input_usd_per_mtok", "output_usd_per_mtok")[: 2 if task == "answer" else 1]
    missing = any(getattr(p, rate) is None for p in _flat(price) for rate in needed)
    return "its price leaves a rate out" if missing else None


def _flat(price: Price) -> tuple[Price, ...]:
    return tuple(price.at(tier.above_input_tokens + 1) for tier in price.tiers) or (price,)


def _most_usd(price: Price, input_tokens: int, output_tokens: int) -> float:
    inputs = (price.input_usd_per_mtok, price.cached_input_usd_per_mtok, price.cache_write_usd_per_mtok)
    dearest = max(rate for rate in inputs if rate is not None)
    tokens_usd = input_tokens * dearest + output_tokens * (price.output_usd_per_mtok or 0.0)
    return price.request_usd + tokens_usd / _MILLION


def longest_answer(model: ModelSpec) -> int | None:
    """Output tokens that no answer of this model exceeds, all its choices together; None where nothing bounds it."""
    sent = {**model.params, **model.extra}
    told = [sent[key] for key in _LONGEST if isinstance(sent.get(key), int)]
    return max(told) * max(1, int(sent.get("n") or 1)) if told else None


def most_input_tokens(request: Request) -> int:
    """Input tokens that no tokenizer exceeds: the bytes of what is sent, and what vendors add to a request with tools."""
    messages = [{"role": message.role, "content": message.content} for message in request.messages]
    asked = messages or request.texts or request.inputs
    # A cross-encoder reads the query once more with every text.
    sent = [asked, request.output.schema, request.tools, [request.query] * max(1, len(request.texts))]
    added = _TOOL_PROMPT_TOKENS if request.tools or request.output.mode == "tool" else 0
    return len(orjson.dumps(sent, default=str)) + added


def _extra_tokens(model: ModelSpec) -> int:
    if not model.extra:
        return 0
    return len(orjson.dumps(model.extra, default=str)) + (
        _TOOL_PROMPT_TOKENS if "tools" in model.extra else 0
    )


def _gpu_usd(price: Price) -> float | None:
    """A rented GPU's hour, spread over what it answers: never over this run's own concurrency."""
    if price.gpu_usd_per_hour is None or not price.capacity_per_s or not price.utilisation:
        return None
    return price.request_usd + price.gpu_usd_per_hour / (3600 * price.capacity_per_s * price.utilisation)


def total_usd(costs: "list[float | None]") -> float | None:
    """Sum of the parts; None as soon as one of them is unknown."""
    known = [cost for cost in costs if cost is not None]
    return sum(known) if len(known) == len(costs) else None


def total_usage(usages: "list[Usage | None]") -> Usage | None:
    """Add up buckets; None where a call told nothing.

    Input and output are None where one of the calls left them out. Caches and reasoning are what only some endpoints
    have, and tell of: there None stands only where none of them told it.
    """
    known = [usage for usage in usages if usage is not None]
    if not known or len(known) != len(usages):
        return None
    if len(known) == 1:
        return known[0]
    return Usage(**{bucket: _sum(known, bucket) for bucket in Usage.__slots__})


def _sum(usages: "list[Usage]", bucket: str) -> int | None:
    told = [getattr(usage, bucket) for usage in usages if getattr(usage, bucket) is not None]
    missing = len(told) < (len(usages) if bucket in _ALWAYS_TOLD else 1)
    return None if missing else sum(told)
