"""A service of the user's own, over real HTTP: what it is asked, what is read of its reply, and what is never done."""

import asyncio
import json
from dataclasses import dataclass, field

import pytest
from aiohttp import web

from harness.calls import bounds
from harness.calls.endpoint import LiveEndpoint, Policy
from harness.errors import ConfigError, UsageError
from harness.providers import http
from harness.providers.http import Http
from harness.types.call import Request, Step, Usage
from harness.types.experiment import ModelSpec, OutputSpec, Price

TICKET = Request(messages=(), inputs={"ticket": "My card is {{ lost }}", "tags": ["a", "b"], "n": 3})
FOUND = {"text": "Block it."}


@dataclass
class Service:
    """What it answers, in turn (the last answer repeats), and what it has seen."""

    answers: list
    seen: list = field(default_factory=list)

    async def answer(self, request):
        """A value is JSON; a tuple is (status, content type, body, headers…); a callable answers by itself."""
        made = self.answers[min(len(self.seen), len(self.answers) - 1)]
        self.seen.append((request.method, request.path_qs, await request.text(), dict(request.headers)))
        if callable(made):
            return await made(request)
        if not isinstance(made, tuple):
            return web.json_response(made)
        status, kind, body, *headers = made
        body = body if isinstance(body, bytes) else json.dumps(body).encode()
        return web.Response(status=status, body=body, headers={"Content-Type": kind, **dict(headers)})

    def sent(self, number=0):
        """The JSON of one request."""
        return json.loads(self.seen[number][2])


@dataclass
class Asked:
    """What came of some calls."""

    calls: list
    service: Service
    meter: object

    @property
    def call(self):
        """The last one."""
        return self.calls[-1]


@pytest.fixture
def ask(make_kit):
    """Make calls to a service, one after the other. Keys that are not named here are the config's."""

    def told(*answers, row=TICKET, times=1, policy=None, environ=None, price=None, path="/ask", **extra):
        service, kit = Service(list(answers)), make_kit(environ=environ or {})

        async def calls():
            app = web.Application(client_max_size=1 << 24)
            app.router.add_route("*", "/{any:.*}", service.answer)
            runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=0.1)
            await runner.setup()
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            url = f"http://127.0.0.1:{runner.addresses[0][1]}{path}"
            model = ModelSpec(
                name="app", provider="http", model="app", base_url=url, extra=extra, price=price
            )
            provider = Http(model, kit)
            await provider.open()
            try:
                held = LiveEndpoint(provider, model, policy or Policy(timeout_s=5, retries=0))
                return [await held.call(row, stage="generate") for _ in range(times)]
            finally:
                await provider.close()
                await runner.cleanup()

        return Asked(asyncio.run(calls()), service, kit.meter)

    return told


# --- what is asked --------------------------------------------------------------------------------


def test_the_shortest_form_asks_and_answers(ask):
    """A url, a request and the place of the answer are enough; the time is the wire's."""
    asked = ask(FOUND, times=2, request={"q": "{{ ticket }}"}, answer="$.text")
    reply = asked.call.reply
    assert (reply.text, reply.kind, reply.usage, reply.output_mode) == ("Block it.", "answered", None, None)
    assert (asked.call.clock, asked.call.cost_usd) == ("wire", None)
    assert [call.reply.wire.connect_ms is None for call in asked.calls] == [False, True]
    assert len(asked.meter.start_to_send_ms) == 2
    method, path, body, headers = asked.service.seen[0]
    assert (method, path, json.loads(body)) == ("POST", "/ask", {"q": "My card is {{ lost }}"})
    assert headers["Content-Type"] == "application/json"


def test_the_texts_of_a_request_are_templates_and_the_rows_are_not(ask):
    """What a row says is never a template; a text that is one input alone keeps the input's own type."""
    request = {
        "q": "Answer: {{ ticket }}",
        "all": ["{{ tags }}", "{{n}}", "{{ tags[0] }}"],
        "k": 4,
        "none": None,
    }
    asked = ask(FOUND, request=request, answer="$.text")
    sent = {"q": "Answer: My card is {{ lost }}", "all": [["a", "b"], 3, "a"], "k": 4, "none": None}
    assert asked.service.sent() == sent
    assert asked.call.reply.params["request"] == sent


def test_without_a_request_the_inputs_are_sent(ask):
    """An application that takes the row as it is needs no template."""
    assert ask(FOUND, answer="$.text").service.sent() == dict(TICKET.inputs)


def test_by_get_the_request_is_the_query(ask):
    """A list repeats its key, null is left out, the url's own query stays; the time is the wire's without a body."""
    request = {"q": "{{ ticket }}", "tag": "{{ tags }}", "none": None, "deep": True}
    asked = ask(FOUND, method="GET", path="/ask?v=2", request=request, answer="$.text")
    method, path, body, _ = asked.service.seen[0]
    assert (method, body) == ("GET", "")
    assert path == "/ask?v=2&q=My+card+is+%7B%7B+lost+%7D%7D&tag=a&tag=b&deep=true"
    assert asked.call.clock == "wire"


def test_headers_come_from_the_environment_and_stay_out_of_every_record(ask):
    """A header is named with its variable; the record says that it was sent, never what."""
    asked = ask(
        FOUND, headers_env={"Authorization": "TOKEN"}, environ={"TOKEN": "Bearer s3ntinel"}, answer="$.text"
    )
    assert asked.service.seen[0][3]["Authorization"] == "Bearer s3ntinel"
    assert asked.call.reply.params["headers"] == ["Authorization"]
    assert "s3ntinel" not in repr(asked.call)


def test_a_header_without_a_value_is_told_before_any_call(make_kit):
    """All that is missing is told at the config's line; a value that no header can have is told, not shown."""
    named = {"X-One": "ONE", "X-Two": "TWO", "X-Three": "THREE"}
    model = ModelSpec(
        name="app",
        provider="http",
        model="app",
        base_url="http://h",
        extra={"headers_env": named},
        where="x.yaml:4",
    )
    with pytest.raises(UsageError) as raised:
        Http(model, make_kit(environ={"TWO": "2", "THREE": "sentinel\r\nX-Evil: 1"}))
    assert str(raised.value).splitlines() == [
        "x.yaml:4: variant 'app' needs the header X-One, and ONE is not set; export ONE=... and run again",
        "x.yaml:4: THREE cannot be the header X-Three: it holds more than printable ASCII",
    ]


def test_a_missing_input_is_the_requests_own_fault(ask):
    """It is found before a run; where it is met all the same it is a fault of the config, with its key."""
    with pytest.raises(
        ConfigError, match=r"http.request.q: undefined variable 'tikcet'; did you mean 'ticket'"
    ):
        ask(FOUND, request={"q": "{{ tikcet }}"})


# --- what is never done ---------------------------------------------------------------------------


def test_a_redirect_is_not_followed(ask):
    """No request leaves for an address that the config does not name; the answer says where it pointed."""
    moved = (302, "text/plain", b"", ("Location", "https://user:pw@elsewhere.example/login?token=s3ntinel"))
    asked = ask(moved, policy=Policy(timeout_s=5, retries=3))
    assert len(asked.service.seen) == 1
    assert asked.call.error["status"] == 302
    assert asked.call.error["message"] == (
        "redirected to https://elsewhere.example/login, which is not followed; name the final address in the config"
    )


def test_no_proxy_and_no_cookie(ask, monkeypatch):
    """The environment's proxy is left alone, and each request stands for itself."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    asked = ask((200, "application/json", FOUND, ("Set-Cookie", "a=b")), times=2, answer="$.text")
    assert asked.call.reply.text == "Block it."
    assert "Cookie" not in asked.service.seen[1][3]


@pytest.mark.usefixtures("no_wait")
@pytest.mark.parametrize("method", ["POST", "GET"])
def test_a_dropped_connection_is_tried_again_by_the_one_retry_layer_only(ask, method):
    """The client's own second try of a GET on an old connection would be a request that nobody counts."""

    async def drop(request):
        request.transport.abort()
        return web.Response()

    asked = ask(FOUND, drop, times=2, method=method, answer="$.text", policy=Policy(timeout_s=5, retries=2))
    assert len(asked.service.seen) == 1 + 3
    assert asked.call.error["type"] == "connection"


# --- what is read ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "body", "path", "text"),
    [
        ("application/json", {"a": {"label": "x", "n": [1, 2.5]}}, "$.a", '{"label":"x","n":[1,2.5]}'),
        ("application/json", {"out": [{"t": "one"}, {"t": "two"}]}, "$.out[*].t", "one"),
        ("application/json", {"out": [{"t": "one"}, {"t": "two"}]}, "$.out[-1].t", "two"),
        ("application/json", {"t": ""}, "$.t", ""),
        ("application/json", {"t": False}, "$.t", "false"),
        ("application/json", "just text", "$", "just text"),
        ("application/problem+json", {"t": "x"}, "$.t", "x"),
        ("application/json", {"t": "x"}, "$", '{"t":"x"}'),
        ("application/octet-stream", {"t": "x"}, "$.t", "x"),
        ("text/plain", {"t": "x"}, "$.t", "x"),
        ("text/plain", b"Gr\xc3\xbc\xc3\x9fe", "$", "Grüße"),
        ("text/plain; charset=latin-1", b"Gr\xfc\xdfe", "$", "Grüße"),
        ("text/plain", b"42", "$", "42"),
        ("text/plain", b'{"as": "it stands"}', "$", '{"as": "it stands"}'),
        ("text/markdown", b"", "$", ""),
        ("application/json", b'\xef\xbb\xbf{"t": "bom"}', "$.t", "bom"),
    ],
)
def test_the_answer_stands_where_the_path_says(ask, kind, body, path, text):
    """Text as it stands, anything else as compact JSON; the whole of a text body needs no JSON."""
    assert ask((200, kind, body), answer=path).call.reply.text == text


@pytest.mark.parametrize(
    ("kind", "body", "path", "message"),
    [
        ("application/json", {"txt": "x"}, "$.text", "nothing stands at answer: $.text"),
        ("application/json", {"text": None}, "$.text", "null stands at answer: $.text"),
        ("application/json", "text", "$.text", "nothing stands at answer: $.text"),
        ("text/plain", b"no JSON", "$.text", "nothing stands at answer: $.text: 'no JSON'"),
        ("application/json", b"{torn", "$", "the body is not JSON (application/json): '{torn'"),
        ("application/json", b'{"t": NaN}', "$.t", "the body is not JSON"),
        ("text/html", b"<html>Log in</html>", "$", "the body is not JSON (text/html)"),
        ("text/plain", b"\xff\xfe\xfa", "$", "the body is not text (text/plain)"),
        ("text/plain; charset=klingon", b"x", "$", "the body is not text (text/plain)"),
        ("application/json", b"[" * 5000, "$", "the body is not JSON"),
        ("application/json", b'{"a":' * 300 + b"1" + b"}" * 300, "$..text", "$..text fails"),
    ],
)
def test_a_reply_without_an_answer_is_a_broken_reply(ask, kind, body, path, message):
    """A 200 is not yet an answer: the path, or what came instead, is named."""
    error = ask((200, kind, body), answer=path).call.error
    assert (error["type"], error["status"]) == ("bad_reply", 200)
    assert error["message"].startswith(message)


def test_tokens_costs_and_times_are_read_where_they_are_told(ask):
    """Each path is one figure; a declared price is beaten by a cost that the reply tells."""
    reply = {
        "text": "x",
        "usage": {"prompt": 20, "cached": 100, "out": 7},
        "usd": 0.004,
        "times": {"search": 12.5, "model": 80},
        "why": "stop",
        "by": "m-2026",
        "calls": [{"name": "look_up", "arguments": {"id": 1}}],
    }
    asked = ask(
        reply,
        answer="$.text",
        usage={
            "input_tokens": "$.usage.prompt",
            "cached_input_tokens": "$.usage.cached",
            "output_tokens": "$.usage.out",
        },
        cost_usd="$.usd",
        stages={"retrieve": "$.times.search", "generate": "$.times.model", "rerank": "$.times.rerank"},
        finish_reason="$.why",
        model="$.by",
        tool_calls="$.calls",
        price=Price(request_usd=1.0),
    )
    told = asked.call.reply
    assert told.usage == Usage(input_tokens=20, cached_input_tokens=100, output_tokens=7)
    assert (told.told_cost_usd, asked.call.cost_usd) == (0.004, 0.004)
    assert told.steps == (Step(name="retrieve", ms=12.5), Step(name="generate", ms=80.0))
    assert (told.finish_reason, told.model_returned) == ("stop", "m-2026")
    assert told.tool_calls[0]["function"]["name"] == "look_up"


@pytest.mark.parametrize("figure", [None, "12", -1, True, {"n": 1}, [3]])
def test_a_figure_that_is_none_is_unknown(ask, figure):
    """Nothing is guessed, and no answer is lost, where a service tells nonsense beside it."""
    beside = {"usage": {"output_tokens": "$.n"}, "cost_usd": "$.n", "stages": {"a": "$.n"}}
    told = ask({"text": "x", "n": figure}, answer="$.text", **beside).call.reply
    assert (told.usage, told.told_cost_usd, told.steps) == (None, None, ())


def test_calls_of_tools_may_stand_alone(ask):
    """A service that answers with a call has no text, and that is an answer."""
    reply = {"text": None, "calls": [{"name": "look_up", "arguments": {}}]}
    told = ask(reply, answer="$.text", tool_calls="$.calls").call.reply
    assert (told.text, len(told.tool_calls)) == ("", 1)
    error = ask({"text": "x", "calls": [3]}, answer="$.text", tool_calls="$.calls").call.error
    assert error["type"] == "bad_reply"


def test_a_request_may_have_a_price(ask):
    """What the service does not tell, the config may declare."""
    assert ask(FOUND, answer="$.text", price=Price(request_usd=0.25)).call.cost_usd == 0.25


@pytest.mark.parametrize(
    ("reason", "kind"),
    [("length", "truncated"), ("content_filter", "refused"), ("done", "answered"), (7, "answered")],
)
def test_how_an_answer_ended(ask, reason, kind):
    """The vendors' words are understood; any other is an answer."""
    asked = ask({"text": "x", "why": reason}, answer="$.text", finish_reason="$.why")
    assert asked.call.reply.kind == kind


ROWS = [{"id": "d1", "body": "one", "s": 0.9}, {"id": "d2", "s": -1.5}, {"id": 3, "body": "three"}]
WHOLE = (
    {"doc": "d1", "text": "one", "score": 0.9},
    {"doc": "d2", "score": -1.5},
    {"doc": "3", "text": "three"},
)


@pytest.mark.parametrize(
    ("reply", "paths", "documents"),
    [
        ({"d": ["a", "b"]}, {"doc": "$.d"}, ({"doc": "a"}, {"doc": "b"})),
        ({"d": ["a", "b"]}, {"doc": "$.d[*]"}, ({"doc": "a"}, {"doc": "b"})),
        ({"d": "a"}, {"doc": "$.d"}, ({"doc": "a"},)),
        ({"d": [{"id": "a", "score": 1, "more": 0}, {"doc": "b", "text": "t"}]}, {"doc": "$.d"},
         ({"doc": "a", "score": 1.0}, {"doc": "b", "text": "t"})),
        ({"d": ROWS}, {"doc": "$.d[*].id", "text": "$.d[*].body", "score": "$.d[*].s"}, WHOLE),
        ({"i": ["d1", "d2", 3], "t": ["one", None, "three"], "s": [0.9, -1.5]},
         {"doc": "$.i", "text": "$.t[*]", "score": "$.s"}, WHOLE),
        ({"d": [None, {"x": 1}, "a"]}, {"doc": "$.d"}, ({"doc": "a"},)),
        ({}, {"doc": "$.d", "text": "$.t"}, ()),
    ],
)  # fmt: skip
def test_what_was_retrieved_is_put_together_by_its_place(ask, reply, paths, documents):
    """A row that lacks a text or a score takes no other row's."""
    asked = ask({**reply, "text": "x"}, answer="$.text", documents=paths)
    assert asked.call.reply.retrieved == documents


# --- what goes wrong ------------------------------------------------------------------------------


@pytest.mark.usefixtures("no_wait")
@pytest.mark.parametrize(
    ("status", "type_", "requests"),
    [(400, "bad_request", 1), (401, "authentication", 1), (404, "bad_request", 1), (429, "rate_limited", 3),
     (500, "server_error", 3), (503, "server_error", 3)],
)  # fmt: skip
def test_what_may_pass_is_tried_again(ask, status, type_, requests):
    """The server sees 1 + retries requests for what may pass, and one for what will not."""
    asked = ask(
        (status, "application/json", {"error": {"message": "no"}}), policy=Policy(timeout_s=5, retries=2)
    )
    assert len(asked.service.seen) == requests
    assert (asked.call.error["type"], asked.call.error["status"]) == (type_, status)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"error": {"message": "too long"}}, "too long"),
        ({"error": "too long"}, "too long"),
        ({"detail": [{"loc": ["body", "q"]}]}, '[{"loc":["body","q"]}]'),
        (b"plain\n  words", "plain words"),
        (b"", "Bad Request"),
        (b"\xff", "\ufffd"),
    ],
)
def test_an_error_says_what_the_service_said(ask, body, message):
    """The usual places of a message are known; without one the status has to do."""
    assert ask((400, "application/json", body)).call.error["message"] == message


def test_a_silent_service_is_left_at_the_deadline(ask):
    """One request, counted at its limit."""

    async def hang(_request):
        await asyncio.Event().wait()

    asked = ask(hang, policy=Policy(timeout_s=0.15, retries=3))
    assert (len(asked.service.seen), asked.call.error["type"], asked.call.ms) == (1, "timeout", 150.0)


def test_a_body_without_end_is_cut(ask, monkeypatch):
    """A reply is bounded, however long it goes on."""
    monkeypatch.setattr(bounds, "MOST_BYTES", 1 << 20)

    async def pour(request):
        response = web.StreamResponse(headers={"Content-Type": "text/plain"})
        await response.prepare(request)
        while True:
            await response.write(b"x" * 65536)

    error = ask(pour).call.error
    assert (error["type"], error["message"]) == ("bad_reply", "the answer is longer than 1 MiB")


def test_a_long_request_is_kept_by_its_beginning(ask):
    """A record holds what was sent, within bounds."""
    long = Request(messages=(), inputs={"q": "x" * 100_000})
    kept = ask(FOUND, row=long, answer="$.text").call.reply.params["request"]
    assert kept.startswith('{"q":"xxx')
    assert len(kept) == http.MOST_KEPT + 1


def test_an_application_is_not_told_how_to_answer(make_kit):
    """An output mode and tools belong to models; both are objected to before the run."""
    model = ModelSpec(name="app", provider="http", model="app", base_url="http://h")
    tool = {"type": "function", "function": {"name": "f"}}
    assert [one.key for one in Http.objections(model, OutputSpec(mode="tool"), [tool])] == ["output", "tools"]
    assert Http.objections(model, OutputSpec(), ()) == ()
    assert (Http.live, Http.cacheable, Http.list_price(model)) == (True, True, None)
    with pytest.raises(RuntimeError, match="before open"):
        asyncio.run(Http(model, make_kit()).complete(TICKET))
