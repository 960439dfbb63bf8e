"""OpenAI's token counts, of both its interfaces, in disjoint buckets.

None where the server reported nothing, or nothing but zeros, which is how some servers say nothing. A bucket is None
where its count is missing, or is none (servers send text, floats and -1).
"""

from typing import Any

from harness.types.call import Usage


def chat_usage(usage: Any) -> Usage | None:
    """Read the usage of a chat completion, https://platform.openai.com/docs/api-reference/chat/object."""
    details = getattr(usage, "prompt_tokens_details", None)
    cached = _count(details, "cached_tokens")
    if cached is None:
        cached = _count(usage, "prompt_cache_hit_tokens")  # DeepSeek's word for it
    output = _count(usage, "completion_tokens")
    reasoning = _count(getattr(usage, "completion_tokens_details", None), "reasoning_tokens")
    prompt, total = _count(usage, "prompt_tokens"), _count(usage, "total_tokens")
    if prompt is not None and output is not None and reasoning and total == prompt + output + reasoning:
        output += reasoning  # xAI counts reasoning beside the completion, and bills both
    return _disjoint(prompt, cached, _count(details, "cache_write_tokens"), output, reasoning)


def responses_usage(usage: Any) -> Usage | None:
    """Read the usage of a response, https://platform.openai.com/docs/api-reference/responses/object."""
    details = getattr(usage, "input_tokens_details", None)
    return _disjoint(
        _count(usage, "input_tokens"),
        _count(details, "cached_tokens"),
        _count(details, "cache_write_tokens"),
        _count(usage, "output_tokens"),
        _count(getattr(usage, "output_tokens_details", None), "reasoning_tokens"),
    )


def _disjoint(
    prompt: int | None, cached: int | None, written: int | None, output: int | None, reasoning: int | None
) -> Usage | None:
    """Take the tokens that were read from the cache or written to it out of the prompt, which holds both."""
    if not (prompt or output):
        return None
    inside = (cached or 0) + (written or 0)
    if prompt is not None and inside <= prompt:
        prompt -= inside  # more of them than prompt tokens: that server counts them apart
    return Usage(
        input_tokens=prompt,
        cached_input_tokens=cached,
        cache_write_tokens=written,
        output_tokens=output,
        reasoning_tokens=reasoning,
    )


def _count(holder: Any, name: str) -> int | None:
    value = getattr(holder, name, None)
    return value if type(value) is int and value >= 0 else None
