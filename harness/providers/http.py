"""A whole application of the user's, asked over HTTP: a template of the request, and paths into the reply."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, cast

from harness.calls import application, wire
from harness.calls.failures import bad_reply, connection_error, status_error
from harness.errors import CallError, Fault, UsageError
from harness.text import json_path, json_template
from harness.text.fields import MISSING
from harness.text.quote import clip
from harness.text.similarity import as_text
from harness.text.tool_calls import told_calls
from harness.types.call import Reply, Request, Step, Task, Usage, Wire
from harness.types.experiment import ModelSpec, OutputSpec, Price
from harness.types.plugins import Objection, ProviderKit

if TYPE_CHECKING:
    import aiohttp

MOST_KEPT = 4_000
"""Characters of a request that its record holds; of a longer one it holds the beginning."""

_SINGLE = ("cost_usd", "finish_reason", "model", "tool_calls")
"""Paths to one value each, beside the answer."""


class Http:
    """One request, one reply; nothing is followed, and no cookie is kept."""

    tasks: ClassVar[frozenset[Task]] = frozenset({"answer", "search"})
    live: ClassVar[bool] = True
    note: ClassVar[str | None] = None
    cacheable: ClassVar[bool] = True
    given: str = ""
    longest_answer_tokens: ClassVar[int | None] = None

    def __init__(self, model: ModelSpec, kit: ProviderKit) -> None:
        """Compile the templates and the paths. Raises UsageError for every header whose variable is not set."""
        extra = model.extra
        self._url = str(model.base_url)
        self._where = model.where
        self._kit = kit
        self._method: str = extra.get("method", "POST")
        self._headers = _headers(extra.get("headers_env", {}), model, kit)
        self._request: json_template.JsonTemplate | None = None
        if extra.get("request") is not None:
            self._request = json_template.parse(extra["request"], "http.request")
        self._reading = _Reading(extra)
        self._session: aiohttp.ClientSession | None = None

    @classmethod
    def list_price(cls, model: ModelSpec) -> Price | None:
        """The config or the reply itself tells."""
        del model
        return None

    @classmethod
    def objections(
        cls, model: ModelSpec, output: OutputSpec, tools: Sequence[Mapping[str, Any]]
    ) -> Sequence[Objection]:
        """An application decides by itself how it answers, and with which tools."""
        del model
        return application.objections(output, tools)

    async def open(self) -> None:
        """Open the session. Proxies of the environment are left alone: the config names who is asked."""
        self._session = wire.session(self._kit.connections)

    async def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def complete(self, request: Request) -> Reply:
        """Make one request. Raises CallError."""
        import aiohttp

        if self._session is None:
            raise RuntimeError("complete before open")
        sent = dict(request.inputs) if self._request is None else self._request.render(request.inputs)
        asked = self._asked(sent)
        tap = wire.tap()
        try:
            async with self._session.request(
                self._method, self._url, allow_redirects=False, **asked
            ) as response:
                body = await response.read()  # bounded by the session (calls/bounds.py)
        except (aiohttp.ClientError, OSError) as error:
            raise connection_error(error) from error
        finally:
            tap.weigh(self._kit.meter)
        if response.status >= 300:
            raise _refusal(response, body)
        return self._reading.reply(_Answer(response, body), tap.wire(), self._params(sent))

    def _asked(self, sent: Any) -> dict[str, Any]:
        if self._method == "GET":
            return {"params": _query(sent), "headers": self._headers}
        headers = {"Content-Type": "application/json", **self._headers}
        return {"data": json.dumps(sent).encode("ascii"), "headers": headers}

    def _params(self, sent: Any) -> dict[str, Any]:
        """What was sent, for a reader: headers by name only, since their values are secrets."""
        text = as_text(sent)
        kept = sent if len(text) <= MOST_KEPT else text[:MOST_KEPT] + "…"
        return {"method": self._method, "url": self._url, "headers": sorted(self._headers), "request": kept}


class _Answer:
    """A reply's body, as text and as JSON."""

    def __init__(self, response: "aiohttp.ClientResponse", body: bytes) -> None:
        """Raises CallError for a body that can be no answer."""
        kind = response.content_type
        try:
            self.text = body.decode(response.charset or "utf-8").removeprefix("\ufeff")
        except (UnicodeDecodeError, LookupError):
            raise bad_reply(f"the body is not text ({kind})") from None
        self.document = _document(self.text)
        self.plain = kind.startswith("text/") and kind != "text/html"
        if self.document is MISSING and not self.plain:
            raise bad_reply(f"the body is not JSON ({kind})", self.text)


class _Reading:
    """Where everything stands in a reply."""

    def __init__(self, extra: Mapping[str, Any]) -> None:
        self._answer = json_path.parse(extra.get("answer", "$"))
        self._usage = _paths(extra.get("usage", {}))
        self._stages = _paths(extra.get("stages", {}))
        self._documents = _paths(extra.get("documents", {}))
        self._single = _paths({key: extra[key] for key in _SINGLE if extra.get(key)})

    def reply(self, answer: _Answer, sent: Wire, params: Mapping[str, Any]) -> Reply:
        """Read it all. Raises CallError where there is no answer; what else is missing is unknown."""
        document = answer.document
        try:
            usage = application.usage(_found(self._usage, document))
            single = _found(self._single, document)
            calls = _calls(single.get("tool_calls"))
            reason = single.get("finish_reason")
            reason = reason if isinstance(reason, str) else None
            return Reply(
                text=self._text(answer, usage, called=bool(calls)),
                kind=application.ending(reason),
                finish_reason=reason,
                tool_calls=calls,
                usage=usage,
                wire=sent,
                model_returned=single["model"] if isinstance(single.get("model"), str) else None,
                params=params,
                steps=tuple(_steps(_found(self._stages, document))),
                retrieved=tuple(_documents(self._documents, document)),
                told_cost_usd=application.amount(single.get("cost_usd")),
            )
        except ValueError as error:
            raise bad_reply(str(error)) from None

    def _text(self, answer: _Answer, usage: Usage | None, *, called: bool) -> str:
        if self._answer.text == "$" and answer.plain:
            return answer.text
        found = self._answer.first(answer.document)
        if called and (found is MISSING or found is None):
            return ""
        if found is MISSING or found is None:
            what = "nothing" if found is MISSING else "null"
            raise bad_reply(f"{what} stands at answer: {self._answer.text}", answer.text, usage=usage)
        return as_text(found)


def _paths(texts: Mapping[str, str]) -> Mapping[str, json_path.JsonPath]:
    return {name: json_path.parse(text) for name, text in texts.items()}


def _found(paths: Mapping[str, json_path.JsonPath], document: Any) -> dict[str, Any]:
    return {name: path.first(document) for name, path in paths.items()}


def _calls(found: Any) -> tuple[Mapping[str, Any], ...]:
    return () if found is MISSING else told_calls(found)


def _steps(times: Mapping[str, Any]) -> list[Step]:
    known = {name: application.amount(ms) for name, ms in times.items()}
    return [Step(name=name, ms=ms) for name, ms in known.items() if ms is not None]


def _documents(paths: Mapping[str, json_path.JsonPath], document: Any) -> Iterator[Mapping[str, Any]]:
    """Put together what belongs to one document: what stands at the same indices, in one list or in lists side by side.

    What `doc` finds may be a mapping of its own, {doc or id, text?, score?}.
    """
    columns = {name: _spread(path.find(document)) for name, path in paths.items()}
    for place, doc in columns.pop("doc", {}).items():
        beside = {name: column[place] for name, column in columns.items() if place in column}
        found = application.document({**(doc if isinstance(doc, Mapping) else {"doc": doc}), **beside})
        if found is not None:
            yield found


def _spread(found: Sequence[tuple[json_path.Place, Any]]) -> dict[json_path.Place, Any]:
    """Values by place, a list among them opened."""
    spread: dict[json_path.Place, Any] = {}
    for place, value in found:
        spread |= (
            {(*place, n): item for n, item in enumerate(value)} if isinstance(value, list) else {place: value}
        )
    return spread


def _document(text: str) -> Any:
    """The JSON that a text holds, or MISSING; nested no deeper than the parser allows (1,024)."""
    import orjson

    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return MISSING


def _refusal(response: "aiohttp.ClientResponse", body: bytes) -> CallError:
    message = _said(body) or response.reason or "no reason was given"
    return status_error(response.status, message, response.headers)


def _said(body: bytes) -> str:
    """What an error says of itself: the usual fields of its JSON, or its text."""
    text = body.decode("utf-8", "replace")
    said = _document(text)
    for key in ("error", "detail", "message"):
        if isinstance(said, dict) and said.get(key):
            said = said[key]
    return clip(text if said is MISSING else as_text(said), 500)


def _query(sent: Any) -> list[tuple[str, str]]:
    """A mapping as the query of a url: a list repeats its key, null is left out."""
    return [
        (str(key), as_text(item))
        for key, value in cast("Mapping[str, Any]", sent).items()
        for item in (value if isinstance(value, list) else [value])
        if item is not None
    ]


def _headers(named: Mapping[str, str], model: ModelSpec, kit: ProviderKit) -> dict[str, str]:
    headers: dict[str, str] = {}
    faults = []
    for header, variable in named.items():
        value = kit.secret(variable)
        if not value:
            what = f"variant '{model.name}' needs the header {header}, and {variable} is not set"
            faults.append(Fault(where=model.where, what=what, next=f"export {variable}=... and run again"))
        elif not value.isprintable() or not value.isascii():
            what = f"{variable} cannot be the header {header}: it holds more than printable ASCII"
            faults.append(Fault(where=model.where, what=what))
        else:
            headers[header] = value
    if faults:
        raise UsageError(faults)
    return headers
