"""OpenAI and every compatible endpoint, through the official SDK over its aiohttp transport."""

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from harness.calls import wire
from harness.calls.failures import bad_reply, connection_error, status_error
from harness.errors import CallError, Fault, UsageError
from harness.types.call import Reply, Request, Usage
from harness.types.experiment import ModelSpec, OutputSpec, Price
from harness.types.plugins import Objection, ProviderKit

if TYPE_CHECKING:
    from openai import AsyncOpenAI

VENDOR_URL = "https://api.openai.com/v1"
KEY_ENV = "OPENAI_API_KEY"
NO_KEY = "none"
"""Sent to a custom endpoint that names no key: the vendor's key never leaves for another host."""

MOST_CHUNKS = 100_000
"""A stream with more is cut: no answer has as many."""


class OpenAI:
    """Chat completions, plain and streamed."""

    live: ClassVar[bool] = True
    note: ClassVar[str | None] = None
    cacheable: ClassVar[bool] = True

    def __init__(self, model: ModelSpec, kit: ProviderKit) -> None:
        """Connects nothing yet. Raises UsageError where the key that the config names is not set."""
        self._model = model
        self._kit = kit
        self._key = self._find_key()
        self._client: AsyncOpenAI | None = None

    @classmethod
    def list_price(cls, model: ModelSpec) -> Price | None:
        """A price table tells."""
        del model
        return None

    @classmethod
    def objections(
        cls, model: ModelSpec, output: OutputSpec, tools: Sequence[Mapping[str, Any]]
    ) -> Sequence[Objection]:
        """None."""
        del model, output, tools
        return ()

    async def open(self) -> None:
        """Build the client: no SDK retries, no SDK deadline; both are the harness's own."""
        from openai import AsyncOpenAI, DefaultAioHttpClient

        url = self._model.base_url or VENDOR_URL
        http_client = DefaultAioHttpClient(timeout=None, trust_env=not _is_loopback(url))
        # The SDK's transport takes any aiohttp session; ours carries the hooks. Both of the SDK's HTTP
        # generations (httpx and httpx2) keep the transport under this name.
        http_client._transport.client = wire.session(self._kit.connections)  # type: ignore[attr-defined]  # noqa: SLF001
        self._client = AsyncOpenAI(
            api_key=self._key, base_url=url, max_retries=0, timeout=None, http_client=http_client
        )
        if self._model.base_url is not None:
            # The SDK reads these from OPENAI_* variables; they are the vendor's, and never leave for another host.
            self._client.organization = self._client.project = None
            self._client._custom_headers = {}  # noqa: SLF001

    async def close(self) -> None:
        """Close the client and its connections."""
        if self._client is not None:
            await self._client.close()
            self._client = None

    async def complete(self, request: Request) -> Reply:
        """Make one call. Raises CallError."""
        client = self._client
        if client is None:
            raise RuntimeError("complete before open")
        body = self._body(request)
        tap = wire.tap()
        with _told():
            try:
                if self._model.stream:
                    return await self._streamed(client, body, tap)
                answer = await client.chat.completions.create(model="", messages=[], extra_body=body)
                return self._read(answer, body, tap)
            finally:
                self._weigh(tap)

    def _find_key(self) -> str:
        named = self._model.api_key_env
        if named is None and self._model.base_url is not None:
            return NO_KEY
        key = self._kit.secret(named or KEY_ENV)
        if not key:
            what = f"model '{self._model.name}' needs a key, and {named or KEY_ENV} is not set"
            raise UsageError(
                Fault(where=self._model.where, what=what, next=f"export {named or KEY_ENV}=... and run again")
            )
        return key

    def _body(self, request: Request) -> dict[str, Any]:
        """The whole body, as it is sent.

        It goes through the SDK as `extra_body`: what the config says arrives as it stands, parameters that this SDK
        does not know among it, and a quarter of a call's CPU is saved (the SDK walks its own arguments type by type).
        """
        body: dict[str, Any] = {
            "model": self._model.model,
            "messages": [{"role": m.role, "content": m.content} for m in request.messages],
            **self._model.params,
        }
        if "seed" in body:
            body["seed"] += request.repeat  # repeats are independent samples, and each can be had again
        if request.output.mode == "json_object":
            body["response_format"] = {"type": "json_object"}
        elif request.output.mode == "json_schema":
            schema = {"name": "answer", "schema": dict(request.output.schema or {}), "strict": True}
            body["response_format"] = {"type": "json_schema", "json_schema": schema}
        if request.tools:
            body["tools"] = [dict(tool) for tool in request.tools]
        if self._model.stream:
            body |= {"stream": True, "stream_options": {"include_usage": True}}
        return {**body, **self._model.extra}

    def _weigh(self, tap: wire.Tap) -> None:
        if tap.start_to_send_ms is not None:
            self._kit.meter.sent(tap.start_to_send_ms)
        if tap.waited:
            self._kit.meter.waited()

    def _read(self, answer: Any, body: Mapping[str, Any], tap: wire.Tap) -> Reply:
        choices = getattr(answer, "choices", None)
        if not choices or getattr(choices[0], "message", None) is None:
            raise bad_reply("the answer holds no choice", answer)
        choice = choices[0]
        text, refusal = choice.message.content, choice.message.refusal
        calls = tuple(call.model_dump(exclude_none=True) for call in choice.message.tool_calls or ())
        return Reply(
            text=_as_text(refusal or text),
            kind=_kind(choice.finish_reason, refused=bool(refusal)),
            finish_reason=choice.finish_reason,
            tool_calls=calls,
            usage=read_usage(getattr(answer, "usage", None)),
            wire=tap.wire(),
            model_returned=getattr(answer, "model", None),
            system_fingerprint=getattr(answer, "system_fingerprint", None),
            params=_params(body),
        )

    async def _streamed(self, client: "AsyncOpenAI", body: Mapping[str, Any], tap: wire.Tap) -> Reply:
        """Gather a stream. Its end without a finish reason is a broken answer, not a short one."""
        told = _Gathered()
        sent = client.chat.completions.create(model="", messages=[], stream=True, extra_body=body)
        async with await sent as stream:
            async for chunk in stream:
                told.take(chunk, tap)
        tap.done()
        if told.finish_reason is None:
            raise bad_reply("the stream ended before the answer did", usage=read_usage(told.usage))
        return Reply(
            text="".join(told.refusal or told.text),
            kind=_kind(told.finish_reason, refused=bool(told.refusal)),
            finish_reason=told.finish_reason,
            tool_calls=tuple(told.calls[index] for index in sorted(told.calls)),
            usage=read_usage(told.usage),
            wire=tap.wire(),
            model_returned=told.model,
            system_fingerprint=told.fingerprint,
            params=_params(body),
        )


class _Gathered:
    """A stream so far."""

    def __init__(self) -> None:
        self.text: list[str] = []
        self.refusal: list[str] = []
        self.calls: dict[int, dict[str, Any]] = {}
        self.finish_reason: str | None = None
        self.usage: Any = None
        self.model: str | None = None
        self.fingerprint: str | None = None
        self._chunks = 0

    def take(self, chunk: Any, tap: wire.Tap) -> None:
        """Add one chunk; the first one with content stops the first-token clock."""
        self._chunks += 1
        if self._chunks > MOST_CHUNKS:
            message = f"the stream ran past {MOST_CHUNKS} chunks"
            raise CallError(type="bad_reply", message=message, status=200)
        self.model = self.model or getattr(chunk, "model", None)
        self.fingerprint = self.fingerprint or getattr(chunk, "system_fingerprint", None)
        self.usage = getattr(chunk, "usage", None) or self.usage
        for choice in getattr(chunk, "choices", None) or ():
            if not choice.index:  # of several choices the first is the answer, as without a stream
                self._take_choice(choice, tap)

    def _take_choice(self, choice: Any, tap: wire.Tap) -> None:
        self.finish_reason = choice.finish_reason or self.finish_reason
        delta = choice.delta
        if delta is None:
            return
        for part, held in ((delta.content, self.text), (delta.refusal, self.refusal)):
            if part:
                tap.first_token()
                held.append(part)
        for call in delta.tool_calls or ():
            tap.first_token()
            self._take_tool_call(call)

    def _take_tool_call(self, call: Any) -> None:
        held = self.calls.setdefault(
            call.index, {"id": call.id, "type": "function", "function": {"name": "", "arguments": ""}}
        )
        if call.function is not None:
            held["function"]["name"] += call.function.name or ""
            held["function"]["arguments"] += call.function.arguments or ""


def read_usage(usage: Any) -> Usage | None:
    """Put OpenAI's counts into disjoint buckets: its prompt_tokens include the cached ones.

    None where the server reported nothing, or nothing but zeros, which is how some servers say nothing.
    A bucket is None where its count is missing, or is none (servers send text, floats and -1).
    """
    prompt, output = _count(usage, "prompt_tokens"), _count(usage, "completion_tokens")
    if not (prompt or output):
        return None
    cached = _count(getattr(usage, "prompt_tokens_details", None), "cached_tokens")
    if prompt is not None and cached is not None and cached <= prompt:
        prompt -= cached  # more cached than prompt tokens: that server counts them apart
    return Usage(
        input_tokens=prompt,
        cached_input_tokens=cached,
        output_tokens=output,
        reasoning_tokens=_count(getattr(usage, "completion_tokens_details", None), "reasoning_tokens"),
    )


def _count(holder: Any, name: str) -> int | None:
    value = getattr(holder, name, None)
    return value if type(value) is int and value >= 0 else None


def _kind(finish_reason: str | None, *, refused: bool) -> Any:
    if refused or finish_reason == "content_filter":
        return "refused"
    return "truncated" if finish_reason == "length" else "answered"


def _as_text(content: Any) -> str:
    if content is not None and not isinstance(content, str):
        raise bad_reply("the answer's content is not text", content)
    return content or ""


def _params(body: Mapping[str, Any]) -> dict[str, Any]:
    """What was sent beside the messages; a schema and tools by what they are, not whole."""
    params = {key: value for key, value in body.items() if key not in ("messages", "tools")}
    shape = params.get("response_format")
    if isinstance(shape, Mapping):
        params["response_format"] = shape.get("type")
    if "tools" in body:
        params["tools"] = len(body["tools"])
    return params


def _is_loopback(url: str) -> bool:
    from urllib.parse import urlsplit

    return (urlsplit(url).hostname or "") in ("localhost", "127.0.0.1", "::1")


@contextlib.contextmanager
def _told() -> Iterator[None]:
    """Say in CallError's words what the SDK raises."""
    import aiohttp
    import httpx
    import openai

    try:
        yield
    except openai.APIStatusError as error:
        spent = "insufficient_quota" in (error.code, error.type)
        headers = error.response.headers
        raise status_error(error.status_code, str(error.message), headers, final=spent) from error
    except (openai.APIConnectionError, httpx.HTTPError, aiohttp.ClientError, OSError) as error:
        raise connection_error(error) from error
    except (openai.OpenAIError, ValueError, TypeError, AttributeError, LookupError, RecursionError) as error:
        # A 200 whose body is not what the API promises: the SDK fails in ways of its own.
        raise bad_reply(f"{type(error).__name__}: {str(error)[:200]}") from error
