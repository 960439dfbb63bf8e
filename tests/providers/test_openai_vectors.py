"""Embeddings and rerank over HTTP: what is sent, what is believed of the answer, and what is broken."""

import base64
from array import array

import pytest

from harness.calls.endpoint import Policy
from harness.types.call import Request, Usage

EMBED = Request(task="embed", texts=("first", "second", "third"))
RERANK = Request(task="rerank", query="which?", texts=("a", "b", "c"))
ONCE = Policy(timeout_s=5, retries=0)


def embedded(*vectors, **changes):
    """An answer of /embeddings, as OpenAI words it."""
    data = [{"object": "embedding", "index": at, "embedding": one} for at, one in enumerate(vectors)]
    usage = {"prompt_tokens": 9, "total_tokens": 9}
    return {"object": "list", "data": data, "model": "e-2026", "usage": usage, **changes}


def ranked(*places, key="relevance_score", **changes):
    """An answer of /rerank, as Jina and vLLM word it."""
    results = [{"index": place, key: score} for place, score in places]
    return {"id": "r", "model": "r-2026", "results": results, "usage": {"total_tokens": 21}, **changes}


THREE = embedded([1.0, 0.0], [0.0, 1.0], [0.5, 0.5])
ORDER = ranked((0, 0.2), (2, 0.9), (1, 0.4))


# --- embeddings -----------------------------------------------------------------------------------


def test_one_vector_for_each_text(ask, say):
    """One request for all texts; vectors, usage, the model's own name and times at the wire come back."""
    asked = ask([say(body=THREE, wait_s=0.02)], request=EMBED)
    assert asked.server.paths == ["/v1/embeddings"]
    assert asked.server.bodies == [
        {"model": "m", "input": ["first", "second", "third"], "encoding_format": "float"}
    ]
    reply = asked.call.reply
    assert reply.vectors == ((1.0, 0.0), (0.0, 1.0), (0.5, 0.5))
    assert reply.usage == Usage(input_tokens=9, output_tokens=0)
    assert reply.model_returned == "e-2026"
    assert (asked.call.clock, asked.call.ms >= 20) == ("wire", True)
    assert reply.params == {"model": "m", "encoding_format": "float"}


def test_vectors_are_put_into_the_texts_order(ask, say):
    """The index says whose a vector is, not its place in the answer."""
    body = {**THREE, "data": THREE["data"][::-1]}
    assert ask([say(body=body)], request=EMBED).call.reply.vectors[0] == (1.0, 0.0)


def test_a_server_that_only_packs_is_read(ask, say):
    """base64 of float32, whatever was asked for."""
    packed = [base64.b64encode(array("f", [at, 0.5]).tobytes()).decode() for at in range(3)]
    reply = ask([say(body=embedded(*packed))], request=EMBED).call.reply
    assert reply.vectors == ((0.0, 0.5), (1.0, 0.5), (2.0, 0.5))


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (embedded([1.0], [2.0]), "texts sent: 3, vectors that came: 2"),
        (embedded([1.0], [2.0], [3.0], [4.0]), "vectors that came: 4"),
        (embedded([1.0], [2.0], [3.0, 4.0]), "differ in length"),
        (embedded([1.0], [2.0], None), "no list of numbers"),
        ({"usage": {"total_tokens": 9}}, "no list of data"),
        ({"data": None, "usage": {"total_tokens": 9}}, "no list of data"),
    ],
    ids=str,
)
def test_vectors_that_do_not_fit_are_a_broken_answer(ask, say, body, said):
    """Tried again as any broken answer; what it took is told of it all the same."""
    asked = ask([say(body=body), say(body=THREE)], request=EMBED, policy=Policy(timeout_s=5, retries=1))
    assert asked.call.reply.vectors == ((1.0, 0.0), (0.0, 1.0), (0.5, 0.5))
    broken = asked.call.attempts[0]
    assert said in broken.error
    assert broken.error.startswith("bad_reply")
    assert broken.usage == Usage(input_tokens=9, output_tokens=0)


@pytest.mark.parametrize(
    "body", [b"<html>", b"[]", b"null", b'"text"', b"{", b"", b'{"data": "' + b"[" * 2000]
)
@pytest.mark.parametrize("request_", [EMBED, RERANK], ids=["embed", "rerank"])
def test_what_is_no_answer_at_all_is_broken(ask, say, body, request_):
    """A page, another shape, half of a body: one failed call, no traceback."""
    call = ask([say(body=body)], request=request_, policy=ONCE).call
    assert (call.reply, call.error["type"], call.error["status"]) == (None, "bad_reply", 200)


@pytest.mark.parametrize("told", [{}, {"usage": None}, {"usage": {"prompt_tokens": 0, "total_tokens": 0}}])
def test_a_server_that_counts_nothing_leaves_usage_and_cost_unknown(ask, say, told):
    """Unknown is None, never 0."""
    body = {key: value for key, value in THREE.items() if key != "usage"} | told
    call = ask([say(body=body)], request=EMBED).call
    assert call.reply.usage is None
    assert call.cost_usd is None


def test_a_batch_is_priced_by_its_input(ask, say):
    """Nine tokens at two dollars a million; a rate for output is not needed."""
    from harness.types.experiment import Price

    call = ask(
        [say(body=THREE)], request=EMBED, price=Price(input_usd_per_mtok=2.0, output_usd_per_mtok=0.0)
    ).call
    assert call.cost_usd == pytest.approx(18e-6)


@pytest.mark.parametrize("request_", [EMBED, RERANK], ids=["embed", "rerank"])
def test_what_only_an_answer_takes_is_not_sent(ask, say, request_):
    """Temperature, seed and stream belong to answers; `extra` arrives as it stands."""
    params = {"temperature": 0.0, "max_tokens": 9, "seed": 3}
    body = THREE if request_ is EMBED else ORDER
    asked = ask(
        [say(body=body)], request=request_, params=params, extra={"dimensions": 2, "user": "u"}, stream=True
    )
    (sent,) = asked.server.bodies
    assert not sent.keys() & {"temperature", "max_tokens", "max_completion_tokens", "seed", "stream"}
    assert (sent["dimensions"], sent["user"]) == (2, "u")
    assert asked.call.reply.params["dimensions"] == 2


def test_extra_may_ask_for_the_packed_form(ask, say):
    """A key of `extra` stands in the place of ours."""
    packed = [base64.b64encode(array("f", [1.0, 2.0]).tobytes()).decode()] * 3
    asked = ask([say(body=embedded(*packed))], request=EMBED, extra={"encoding_format": "base64"})
    assert asked.server.bodies[0]["encoding_format"] == "base64"
    assert asked.call.reply.vectors == ((1.0, 2.0),) * 3


def test_what_a_server_does_not_know_is_left_out_where_the_config_lets_it(ask, say):
    """An older server refuses `encoding_format`: told what to say, and with it asked again without."""
    refusal = {"error": {"message": "Unknown parameter: 'encoding_format'.", "code": "unknown_parameter"}}
    script = [say(status=400, body=refusal), say(body=THREE)]
    refused = ask(script, request=EMBED)
    assert refused.statuses == [400]
    assert refused.call.error["message"].endswith("; say drop_unsupported: true")
    dropped = ask(script, request=EMBED, drop_unsupported=True, times=2)
    assert [sorted(body) for body in dropped.server.bodies] == [
        ["encoding_format", "input", "model"],
        ["input", "model"],
        ["input", "model"],
    ]
    assert dropped.call.reply.dropped == ("encoding_format",)


# --- rerank ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", ["relevance_score", "score"])
def test_an_order_is_read_best_first(ask, say, key):
    """Under the name of Cohere and Jina, or of text-embeddings servers; the answer's own order is not trusted."""
    asked = ask([say(body=ranked((0, 0.2), (2, 0.9), (1, 0.4), key=key))], request=RERANK)
    assert asked.server.paths == ["/v1/rerank"]
    assert asked.server.bodies == [
        {"model": "m", "query": "which?", "documents": ["a", "b", "c"], "top_n": 3, "return_documents": False}
    ]
    assert asked.call.reply.ranking == ((2, 0.9), (1, 0.4), (0, 0.2))
    assert asked.call.reply.usage == Usage(input_tokens=21, output_tokens=0)
    assert asked.call.reply.params == {"model": "m", "top_n": 3, "return_documents": False}


def test_a_text_may_be_missing(ask, say):
    """A server that cuts by itself has said nothing of the rest: that is the stage's to place."""
    assert ask([say(body=ranked((2, 0.9)))], request=RERANK).call.reply.ranking == ((2, 0.9),)


def test_search_units_are_no_tokens(ask, say):
    """Cohere bills by the search: its usage in tokens is unknown, and a price by the request still holds."""
    from harness.types.experiment import Price

    meta = {"api_version": {"version": "2"}, "billed_units": {"search_units": 1}}
    body = {"results": ORDER["results"], "meta": meta}
    call = ask([say(body=body)], request=RERANK, price=Price(request_usd=0.002)).call
    assert call.reply.usage is None
    assert call.cost_usd == 0.002


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (ranked((0, 0.1), (3, 0.2)), "no index"),
        (ranked((0, 0.1), (0, 0.2)), "twice"),
        (ranked((0, None)), "no score"),
        (ranked(), "empty"),
        ({"data": []}, "no list of results"),
    ],
    ids=str,
)
def test_an_order_that_does_not_fit_is_a_broken_answer(ask, say, body, said):
    """A passage that was never sent is not put in order, nor one twice."""
    call = ask([say(body=body)], request=RERANK, policy=ONCE).call
    assert call.error["type"] == "bad_reply"
    assert said in call.error["message"]


def test_what_is_put_in_order_is_never_left_out(ask, say):
    """A server that will not take the query is not asked another question."""
    refusal = {"error": {"message": "Unknown parameter: 'query'.", "code": "unknown_parameter"}}
    asked = ask([say(status=400, body=refusal)], request=RERANK, drop_unsupported=True, policy=ONCE)
    assert len(asked.server.bodies) == 1
    assert asked.call.error["message"].startswith("Unknown parameter")


# --- both -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("request_", [EMBED, RERANK], ids=["embed", "rerank"])
@pytest.mark.parametrize(
    ("fault", "type_", "status"),
    [
        ({"status": 429, "headers": {"retry-after-ms": "1"}}, "rate_limited", 429),
        ({"status": 500}, "server_error", 500),
        ({"status": 400}, "bad_request", 400),
        ({"status": 401}, "authentication", 401),
        ({"status": 404}, "bad_request", 404),
        ({"status": 307, "headers": {"Location": "http://127.0.0.1:9/x"}}, "bad_request", 307),
        ({"fault": "drop"}, "connection", None),
        ({"fault": "cut"}, "connection", None),
    ],
    ids=str,
)
def test_a_failure_is_the_servers_own(ask, say, fault, type_, status, request_):
    """One request an attempt; the status and the server's sentence are told."""
    body = {"error": {"message": "no more", "type": "t"}}
    asked = ask([say(**{"body": body, **fault})], request=request_, policy=ONCE)
    assert len(asked.server.bodies) == 1
    assert (asked.call.error["type"], asked.call.error["status"]) == (type_, status)
    if status and status != 307:
        assert "no more" in asked.call.error["message"]


@pytest.mark.parametrize("request_", [EMBED, RERANK], ids=["embed", "rerank"])
def test_a_silent_server_is_left_at_the_deadline(ask, say, request_):
    """As an answer is."""
    call = ask([say(fault="hang")], request=request_, policy=Policy(timeout_s=0.2, retries=3)).call
    assert (call.error["type"], call.ms) == ("timeout", 200.0)


def test_the_vendors_key_stays_at_home(ask, say):
    """A server of one's own is sent the key that the config names, or none."""
    environ = {"OPENAI_API_KEY": "sk-vendor", "MY_KEY": "sk-mine"}
    plain = ask([say(body=THREE)], request=EMBED, environ=environ)
    assert "sk-vendor" not in str(plain.server.headers)
    named = ask([say(body=THREE)], request=EMBED, environ=environ, api_key_env="MY_KEY")
    assert named.server.headers[0]["Authorization"] == "Bearer sk-mine"
