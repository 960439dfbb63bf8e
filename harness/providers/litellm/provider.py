"""The provider: litellm for the vendors' languages, everything that is measured read below it."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

from harness.calls import wire
from harness.calls.access import NO_KEY, named_key
from harness.errors import CallError, Fault, UsageError
from harness.providers.litellm import asking, vectors
from harness.providers.litellm.exchange import Exchange, begin, install
from harness.providers.litellm.failure import failure
from harness.providers.litellm.library import key_names, missing_keys, vendor_of, vendors_headers, wake
from harness.providers.litellm.objections import objections, of_params
from harness.providers.litellm.reading import gather, read
from harness.text.tools import ANSWER_TOOL
from harness.types.call import Reply, Request, Task
from harness.types.experiment import ModelSpec, OutputSpec, Price
from harness.types.plugins import Objection, ProviderKit

if TYPE_CHECKING:
    import aiohttp

NO_DEADLINE_S = 1_000_000.0
"""litellm always has one, 600 s or 6,000; the harness's own ends a call."""

_REHEARSED = ("anthropic", "azure", "cohere_chat", "gemini", "openai")
"""Beside the vendors that speak OpenAI's language: those whose every request is known to pass our transport."""

_MCP_LEFT_OUT = {"_skip_mcp_handler": True}
"""A call with tools else imports what only litellm's proxy is installed with."""


class LiteLLM:
    """Chat completions, embeddings and rerank of the vendors that have no provider of their own here."""

    tasks: ClassVar[frozenset[Task]] = frozenset({"answer", "embed", "rerank"})
    live: ClassVar[bool] = True
    note: ClassVar[str | None] = None
    longest_answer_tokens: ClassVar[int | None] = None
    cacheable: ClassVar[bool] = True
    given: str = ""

    def __init__(self, model: ModelSpec, kit: ProviderKit) -> None:
        """Imports nothing yet. Raises UsageError where the key that the config names is not set."""
        self._model = model
        self._kit = kit
        self._key = self._named_key()
        self._vendor = ""
        self._left_out: frozenset[str] = frozenset()
        self._host: str | None = None
        self._withheld: frozenset[str] = frozenset()
        self._unsaid: frozenset[str] = frozenset()
        self._litellm: Any = None
        self._session: aiohttp.ClientSession | None = None

    @classmethod
    def list_price(cls, model: ModelSpec) -> Price | None:
        """A price table tells."""
        del model
        return None

    @classmethod
    def objections(
        cls, model: ModelSpec, output: OutputSpec, tools: Sequence[Mapping[str, Any]]
    ) -> Sequence[Objection]:
        """What litellm would refuse for this vendor. Raises UsageError where litellm is not installed."""
        return tuple(objections(model, output, tools))

    @classmethod
    def unfit(cls, model: ModelSpec, task: Task) -> Sequence[Objection]:
        """What litellm would not ask this vendor for. Raises UsageError where litellm is not installed."""
        return tuple(vectors.unfit(model, task))

    async def open(self) -> None:
        """Wake litellm and open the connections. Raises UsageError for a vendor or a key that is missing."""
        self._litellm = wake(self._model)
        install()
        vendor = vendor_of(self._model)
        if vendor is None:
            what = f"litellm knows no vendor of '{self._model.model}'"
            raise UsageError(Fault(where=self._model.where, what=what, next="write vendor/model"))
        self._vendor = vendor[0]
        if self._model.drop_unsupported:
            self._left_out = frozenset(objection.key for objection in of_params(self._model, vendor))
        self._keep_keys()
        self._session = wire.session(self._kit.connections)
        if vendor[0] in (*_REHEARSED, *self._litellm.openai_compatible_providers):
            await self._rehearse(self._session)

    async def close(self) -> None:
        """Close the connections. The clients that litellm keeps hold none of their own."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def complete(self, request: Request) -> Reply:
        """Make one call. Raises CallError."""
        if self._session is None:
            raise RuntimeError("complete before open")
        exchange = Exchange(
            session=self._session, host=self._host, withheld=self._withheld, unsaid=self._unsaid
        )
        begin(exchange)
        tap = wire.tap()
        try:
            reply = await self._replied(request, exchange, tap)
        except CallError:
            raise
        except Exception as error:
            raise failure(error, exchange) from error
        finally:
            tap.weigh(self._kit.meter)
        return replace(reply, params=asking.params_sent(exchange.sent))

    async def _replied(self, request: Request, exchange: Exchange, tap: wire.Tap) -> Reply:
        if request.task != "answer":
            asked = {**vectors.arguments(request, self._vendor), **self._model.extra, **self._given()}
            return await vectors.ask(self._litellm, asked, request, exchange, tap)
        asked = asking.arguments(self._model, request, self._vendor, self._left_out)
        reply = await self._ask(asked, exchange, tap)
        mode = request.output.mode
        if mode == "tool":
            reply = _unwrapped(reply)
        really = asking.really_asked(mode, exchange.sent) if exchange.sent else mode
        return replace(reply, dropped=tuple(sorted(self._left_out)), output_mode=really)

    async def _rehearse(self, session: "aiohttp.ClientSession") -> None:
        """Let litellm load and build what its first call needs, half a second's work, for a request that is not made."""
        nowhere = Exchange(session=session, host="")
        begin(nowhere)
        with suppress(Exception):
            await self._ask({"messages": [{"role": "user", "content": "-"}]}, nowhere, wire.tap())

    async def _ask(self, asked: Mapping[str, Any], exchange: Exchange, tap: wire.Tap) -> Reply:
        answer = await self._litellm.acompletion(**{**_MCP_LEFT_OUT, **asked, **self._given()})
        if asked.get("stream"):
            return await gather(answer, exchange, tap)
        tap.done()
        return read(answer, exchange, tap)

    def _given(self) -> dict[str, Any]:
        """What every call is given: who is asked, and what litellm is to leave alone."""
        return {
            "model": self._model.model,
            "api_base": self._model.base_url,
            "api_key": self._key,
            "timeout": NO_DEADLINE_S,
            "num_retries": 0,
            "no-log": True,
        }

    def _named_key(self) -> str | None:
        """The key that the config names; None leaves it to the vendor's own variables."""
        named = self._model.api_key_env
        if named is None:
            return None if self._model.base_url is None else NO_KEY
        return named_key(self._model, self._kit, named)

    def _keep_keys(self) -> None:
        """Make the vendor's keys known, so that they are redacted, and keep them from every other host."""
        held = {self._kit.secret(name) for name in key_names(self._vendor)}
        if self._model.base_url is not None:
            import httpx

            self._host = httpx.URL(self._model.base_url).netloc.decode()
            self._withheld = frozenset(key for key in held if key) - {self._key or ""}
            self._unsaid = frozenset(vendors_headers())
            return
        names = [] if self._key else missing_keys(self._model)
        if names:
            what = f"model '{self._model.name}' needs a key, and {' and '.join(names)} is not set"
            hint = f"export {names[0]}=... and run again, or name another variable: api_key_env"
            raise UsageError(Fault(where=self._model.where, what=what, next=hint))


def _unwrapped(reply: Reply) -> Reply:
    """The answer of output mode `tool`: the arguments of its one function are the text, and no call is left."""
    for call in reply.tool_calls:
        if call["function"]["name"] == ANSWER_TOOL:
            return replace(reply, text=call["function"]["arguments"], tool_calls=())
    return reply
