"""The provider: a client without retries of its own, and calls told in the harness's words."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

from harness.calls import wire
from harness.calls.access import NO_KEY, is_loopback, named_key
from harness.calls.failures import status_error
from harness.errors import CallError
from harness.providers.openai.chat import Chat
from harness.providers.openai.exchange import Api, Exchange, server_words, told, unwrapped
from harness.providers.openai.objections import objections
from harness.providers.openai.parameters import Parameters
from harness.providers.openai.responses import Responses
from harness.providers.openai.vectors import Embeddings, Ranking
from harness.types.call import Reply, Request, Task
from harness.types.experiment import ModelSpec, OutputSpec, Price
from harness.types.plugins import Objection, ProviderKit

if TYPE_CHECKING:
    from openai import APIStatusError, AsyncOpenAI

VENDOR_URL = "https://api.openai.com/v1"
KEY_ENV = "OPENAI_API_KEY"

_APIS: Mapping[str, type[Api]] = {"chat": Chat, "responses": Responses}
_CONTENT = frozenset({"messages", "input", "instructions", "tools", "query", "documents"})
_LONGEST_SAID = 350
"""Of the server's own words, where more is to be said."""


class OpenAI:
    """Chat completions and responses, plain and streamed; embeddings; rerank, where a compatible server has it."""

    tasks: ClassVar[frozenset[Task]] = frozenset({"answer", "embed", "rerank"})
    live: ClassVar[bool] = True
    note: ClassVar[str | None] = None
    longest_answer_tokens: ClassVar[int | None] = None
    cacheable: ClassVar[bool] = True
    given: str = ""

    def __init__(self, model: ModelSpec, kit: ProviderKit) -> None:
        """Connects nothing yet. Raises UsageError where the key that the config names is not set."""
        self._model = model
        self._kit = kit
        self._key = self._find_key()
        self._apis: dict[str, Api] = {
            "answer": _APIS[model.api](),
            "embed": Embeddings(),
            "rerank": Ranking(),
        }
        self._parameters = Parameters(model)
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
        """What is sure to be refused, most of it known of the vendor's own endpoint only."""
        return objections(model, output, tools)

    @classmethod
    def unfit(cls, model: ModelSpec, task: Task) -> Sequence[Objection]:
        """Rerank at the vendor's own endpoint, which has none."""
        if task != "rerank" or model.base_url is not None:
            return ()
        what = "OpenAI has no rerank endpoint; compatible servers (vLLM, llama.cpp, Jina) have"
        return (Objection(key="base_url", what=what, next="name one: base_url, or rerank by: prompt"),)

    async def open(self) -> None:
        """Build the client: no SDK retries, no SDK deadline; both are the harness's own. No redirect is followed."""
        from openai import AsyncOpenAI, DefaultAioHttpClient

        url = self._model.base_url or VENDOR_URL
        http_client = DefaultAioHttpClient(
            timeout=None, follow_redirects=False, trust_env=not is_loopback(url)
        )
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
        for api in self._apis.values():
            api.open(self._client)

    async def close(self) -> None:
        """Close the client and its connections."""
        if self._client is not None:
            await self._client.close()
            self._client = None

    async def complete(self, request: Request) -> Reply:
        """Make one call. Raises CallError."""
        if self._client is None:
            raise RuntimeError("complete before open")
        # The whole body goes through the SDK as `extra_body`: what the config says arrives as it stands, parameters
        # that this SDK does not know among it, and a quarter of a call's CPU is saved (it walks its own arguments
        # type by type).
        api = self._apis[request.task]
        asked = api.body(self._model, self._parameters.sent(request.repeat), request)
        body, dropped = self._parameters.settle(asked), self._parameters.dropped
        exchange = Exchange(body=body, tap=wire.tap())
        with told(exchange, lambda error: self._refusal(error, body)):
            try:
                reply = await api.ask(exchange)
            finally:
                exchange.tap.weigh(self._kit.meter)
        mode = api.mode(body)
        if request.output.mode == "tool" and "tool_choice" in body:
            mode, reply = "tool", unwrapped(reply)
        return replace(reply, params=_params(body), dropped=dropped, output_mode=mode)

    def _find_key(self) -> str:
        named = self._model.api_key_env
        if named is None and self._model.base_url is not None:
            return NO_KEY
        return named_key(self._model, self._kit, named or KEY_ENV)

    def _refusal(self, error: "APIStatusError", body: Mapping[str, Any]) -> CallError:
        """An answer with an error status. One that names an unsupported parameter is tried again without it."""
        spent = "insufficient_quota" in (error.code, error.type)
        message = server_words(error)
        failure = status_error(error.status_code, message, error.response.headers, final=spent)
        hint, differs = self._parameters.take_refusal(error, body)
        if hint:
            failure.message = f"{message[:_LONGEST_SAID]}; {hint}"
        if differs:
            failure.retryable, failure.retry_after_s = True, 0.0
        return failure


def _params(body: Mapping[str, Any]) -> dict[str, Any]:
    """What was sent beside the messages; a schema and tools by what they are, not whole."""
    params = {k: v for k, v in body.items() if k not in _CONTENT}
    if isinstance(form := params.get("response_format"), Mapping):
        params["response_format"] = form.get("type")
    if isinstance(text := params.get("text"), Mapping) and isinstance(text.get("format"), Mapping):
        params["text"] = {**text, "format": text["format"].get("type")}
    if "tools" in body:
        params["tools"] = len(body["tools"])
    return params
