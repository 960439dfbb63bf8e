"""Claude's Messages API and every compatible endpoint, through the official SDK over its aiohttp transport."""

import importlib.util
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

from harness.calls import wire
from harness.calls.access import NO_KEY, is_loopback, named_key
from harness.errors import Fault, UsageError
from harness.providers.anthropic.answers import Gathered, reply_of
from harness.providers.anthropic.body import SAMPLING, body_of, mode_of, params_of
from harness.providers.anthropic.errors import error_in, told
from harness.providers.anthropic.models import is_vendors, root_url
from harness.providers.anthropic.objections import DEFAULT_MAX_TOKENS, objections, parameter_objections
from harness.types.call import Reply, Request, Task
from harness.types.experiment import ModelSpec, OutputMode, OutputSpec, Price
from harness.types.plugins import Objection, ProviderKit

if TYPE_CHECKING:
    from anthropic import AsyncAnthropic, RequestOptions

KEY_ENV = "ANTHROPIC_API_KEY"

SAMPLING_VERSION = "2023-06-01"
"""The last version of the API that takes a temperature; without one, the SDK's own version is asked for."""

_PATH = "/v1/messages"


class Anthropic:
    """Messages, plain and streamed."""

    tasks: ClassVar[frozenset[Task]] = frozenset({"answer"})
    live: ClassVar[bool] = True
    note: ClassVar[str | None] = None
    cacheable: ClassVar[bool] = True
    given: str = ""
    longest_answer_tokens: ClassVar[int | None] = DEFAULT_MAX_TOKENS

    def __init__(self, model: ModelSpec, kit: ProviderKit) -> None:
        """Connects nothing yet. Raises UsageError where the SDK or the key that the config names is missing."""
        if importlib.util.find_spec("anthropic") is None:
            what = f"model '{model.name}' needs the SDK of Anthropic, and it is not installed"
            hint = "pip install 'variant-harness[anthropic]'"
            raise UsageError(Fault(where=model.where, what=what, next=hint))
        self._model = model
        self._kit = kit
        self._key = self._find_key()
        self._dropped: dict[OutputMode, tuple[str, ...]] = {}
        self._client: AsyncAnthropic | None = None

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

    async def open(self) -> None:
        """Build the client: no SDK retries, no SDK deadline; both are the harness's own. No redirect is followed."""
        from anthropic import AsyncAnthropic, DefaultAioHttpClient

        url = root_url(self._model)
        http_client = DefaultAioHttpClient(
            timeout=None, follow_redirects=False, trust_env=not is_loopback(url)
        )
        # The SDK's transport takes any aiohttp session; ours carries the hooks.
        http_client._transport.client = wire.session(self._kit.connections)  # type: ignore[attr-defined]  # noqa: SLF001
        self._client = AsyncAnthropic(
            api_key=self._key,
            base_url=url,
            max_retries=0,
            timeout=None,
            http_client=http_client,
            open_telemetry=False,
        )
        # The SDK reads headers from ANTHROPIC_CUSTOM_HEADERS; nothing is sent that the config does not name. Since
        # October 2026 it sends the key as a bearer's; servers that were built for an older one look for this header.
        self._client._custom_headers = {} if is_vendors(self._model) else {"X-Api-Key": self._key}  # noqa: SLF001

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
        mode = mode_of(request)
        dropped = self._left_out(mode)
        body = body_of(self._model, request, dropped)
        gathered = Gathered()
        tap = wire.tap()
        with told(gathered):
            try:
                message = await _post(client, body, gathered, tap)
            finally:
                tap.weigh(self._kit.meter)
            error = error_in(message)
            if error is not None:
                raise error
            reply = reply_of(message, mode, tap)
        return replace(reply, params=params_of(body), dropped=dropped, output_mode=mode)

    def _find_key(self) -> str:
        named = self._model.api_key_env
        if named is None and not is_vendors(self._model):
            return NO_KEY
        return named_key(self._model, self._kit, named or KEY_ENV)

    def _left_out(self, mode: OutputMode) -> tuple[str, ...]:
        if not self._model.drop_unsupported:
            return ()
        if mode not in self._dropped:
            objections = parameter_objections(self._model, mode)
            self._dropped[mode] = tuple(dict.fromkeys(objection.key for objection in objections))
        return self._dropped[mode]


async def _post(client: "AsyncAnthropic", body: Mapping[str, Any], gathered: Gathered, tap: wire.Tap) -> Any:
    """Send the body as it stands and take the answer as it stands, without the SDK's models.

    What the config says arrives whole, parameters that this SDK does not know among it, and a streamed answer takes
    half the CPU (200 events: 1.9 ms instead of 4.0): the SDK builds an object for every event.
    """
    from anthropic import AsyncStream

    older = any(key in body for key in SAMPLING)
    options: RequestOptions = {"headers": {"anthropic-version": SAMPLING_VERSION}} if older else {}
    if body.get("stream") is not True:
        return gathered.take_whole(await client.post(_PATH, cast_to=object, body=body, options=options))
    sent = client.post(
        _PATH, cast_to=object, body=body, options=options, stream=True, stream_cls=AsyncStream[object]
    )
    async with await sent as stream:
        async for event in stream:
            gathered.take(event, tap)
    tap.done()
    return gathered.message()
