"""Embeddings and rerank through the real litellm, against servers that speak as the vendors do."""

import pytest

from harness.calls.endpoint import Policy
from harness.providers.litellm.provider import LiteLLM
from harness.types.call import Request, Usage
from harness.types.experiment import ModelSpec, Price

EMBED = Request(task="embed", texts=("first", "second"))
RERANK = Request(task="rerank", query="which?", texts=("a", "b", "c"))
ONCE = Policy(timeout_s=10, retries=0)
ERROR = {"error": {"message": "slow down", "type": "t"}, "message": "slow down", "detail": "slow down"}


def openai_list(**changes):
    """Embeddings as OpenAI words them, and Voyage, Jina, vLLM and Infinity after it; the second text comes first."""
    data = [{"object": "embedding", "index": at, "embedding": [float(at), 0.5]} for at in (1, 0)]
    return {
        "object": "list",
        "model": "e-2026",
        "data": data,
        "usage": {"prompt_tokens": 7, "total_tokens": 7},
    } | changes


def cohere_list(**changes):
    """Embeddings as Cohere words them, which names no index."""
    meta = {"api_version": {"version": "1"}, "billed_units": {"input_tokens": 7}}
    return {
        "id": "e",
        "texts": ["first", "second"],
        "embeddings": {"float": [[0.0, 0.5], [1.0, 0.5]]},
        "meta": meta,
    } | changes


def order(key="results", **changes):
    """A rerank as Jina, vLLM and Infinity word it; Voyage calls the list `data`."""
    told = [{"index": place, "relevance_score": score} for place, score in ((0, 0.2), (2, 0.9), (1, 0.4))]
    return {"id": "r", "model": "r-2026", key: told, "usage": {"total_tokens": 21}} | changes


def cohere_order():
    """A rerank as Cohere words it: billed by the search, no token counted."""
    told = order(meta={"api_version": {"version": "2"}, "billed_units": {"search_units": 1}})
    return {key: value for key, value in told.items() if key not in ("usage", "model")}


EMBEDDERS = {
    "openai/m": ("/v1/embeddings", openai_list),
    "hosted_vllm/m": ("/v1/embeddings", openai_list),
    "infinity/m": ("/v1/embeddings", openai_list),
    "voyage/voyage-3": ("/v1/embeddings", openai_list),
    "jina_ai/jina-embeddings-v3": ("/v1/embeddings", openai_list),
    "together_ai/m": ("/v1/embeddings", openai_list),
    "mistral/mistral-embed": ("/v1/embeddings", openai_list),
    "cohere/embed-english-v3.0": ("/v1", cohere_list),
}
"""Model → where it asks, and what is answered there. Cohere's address is taken as the whole of it."""
RERANKERS = {
    "cohere/rerank-v3.5": ("/v1/v2/rerank", cohere_order),
    "jina_ai/jina-reranker-v2-base-multilingual": ("/v1/rerank", order),
    "voyage/rerank-2.5": ("/v1/rerank", lambda: order("data")),
    "hosted_vllm/m": ("/v1/rerank", order),
    "infinity/m": ("/v1/rerank", order),
    "together_ai/m": ("/v1/rerank", order),
}


@pytest.mark.parametrize("model", EMBEDDERS)
def test_one_vector_for_each_text(hear, say, model):
    """In the texts' order, with the vendor's own count, over one request whose times are taken at the wire."""
    path, answer = EMBEDDERS[model]
    heard = hear([say(body=answer(), wait_s=0.03)], request=EMBED, model=model, times=2)
    assert heard.server.paths == [path] * 2
    reply = heard.call.reply
    assert reply.vectors == ((0.0, 0.5), (1.0, 0.5))
    assert reply.usage == Usage(input_tokens=7, output_tokens=0)
    assert [call.clock for call in heard.calls] == ["wire"] * 2
    assert [call.reply.wire.connect_ms is not None for call in heard.calls] == [True, False]
    assert all(30 <= call.ms < call.attempts[0].ms for call in heard.calls)
    assert not reply.params.keys() & {"input", "texts"}


@pytest.mark.parametrize("model", RERANKERS)
def test_an_order_is_read_best_first(hear, say, model):
    """The whole order is asked for, without the texts; a search unit is no token, and what is not told is unknown."""
    path, answer = RERANKERS[model]
    heard = hear([say(body=answer())], request=RERANK, model=model)
    assert heard.server.paths == [path]
    (sent,) = heard.server.bodies
    assert (sent["query"], sent["documents"], sent["return_documents"]) == ("which?", ["a", "b", "c"], False)
    assert sent.get("top_n", sent.get("top_k")) == 3
    reply = heard.call.reply
    assert reply.ranking == ((2, 0.9), (1, 0.4), (0, 0.2))
    assert reply.usage == (None if "cohere" in model else Usage(input_tokens=21, output_tokens=0))
    assert reply.model_returned == (None if "cohere" in model else "r-2026")
    assert (heard.call.clock, heard.call.error) == ("wire", None)
    assert not reply.params.keys() & {"query", "documents"}


@pytest.mark.parametrize("model", EMBEDDERS)
def test_a_server_that_counts_nothing_leaves_the_usage_unknown(hear, say, model):
    """LiteLLM counts for it, or says 0."""
    body = EMBEDDERS[model][1]() | {"usage": None, "meta": None}
    body = {key: value for key, value in body.items() if value is not None}
    heard = hear([say(body=body)], request=EMBED, model=model)
    assert heard.call.reply.usage is None
    assert heard.call.cost_usd is None


def test_a_search_is_priced_by_the_request(hear, say):
    """Cohere's unit: its tokens stay unknown, its cost does not."""
    heard = hear(
        [say(body=cohere_order())], request=RERANK, model="cohere/rerank-v3.5", price=Price(request_usd=0.002)
    )
    assert heard.call.cost_usd == 0.002


@pytest.mark.parametrize(
    ("model", "query", "document"),
    [
        ("cohere/embed-english-v3.0", "search_query", "search_document"),
        ("voyage/voyage-3", "query", "document"),
        ("openai/m", None, None),
    ],
)
def test_a_vendor_that_tells_queries_from_documents_is_told(hear, say, model, query, document):
    """As input_type; a config that says it itself is left alone, and other vendors are sent nothing."""
    answer = EMBEDDERS[model][1]()
    for side, told in (("query", query), ("document", document)):
        request = Request(task="embed", texts=EMBED.texts, side=side)
        assert (
            hear([say(body=answer)], request=request, model=model).server.bodies[0].get("input_type") == told
        )
    own = {"input_type": "classification"} if query else {}
    request = Request(task="embed", texts=EMBED.texts, side="query")
    heard = hear([say(body=answer)], request=request, model=model, extra=own)
    assert heard.server.bodies[0].get("input_type") == own.get("input_type")


def test_what_the_config_adds_arrives(hear, say):
    """`dimensions`, as each vendor calls it."""
    name = "openai/text-embedding-3-small"
    heard = hear([say(body=openai_list())], request=EMBED, model=name, extra={"dimensions": 2})
    assert (heard.server.bodies[0]["dimensions"], heard.server.bodies[0]["encoding_format"]) == (2, "float")
    heard = hear([say(body=openai_list())], request=EMBED, model="voyage/voyage-3.5", extra={"dimensions": 2})
    assert heard.server.bodies[0]["output_dimension"] == 2


BOTH = [*((EMBED, model) for model in EMBEDDERS), *((RERANK, model) for model in RERANKERS)]


@pytest.mark.parametrize(("request_", "model"), BOTH, ids=lambda one: getattr(one, "task", one))
@pytest.mark.parametrize(
    ("fault", "type_"),
    [
        ({"status": 429, "headers": {"retry-after-ms": "5"}}, "rate_limited"),
        ({"status": 500}, "server_error"),
        ({"status": 401}, "authentication"),
        ({"status": 422}, "bad_request"),
        ({"status": 307, "headers": {"Location": "http://127.0.0.1:9/x"}}, "bad_request"),
        ({"fault": "drop"}, "connection"),
        ({"body": b"<html>"}, "bad_reply"),
        ({"body": {"usage": {"total_tokens": 21}}}, "bad_reply"),
    ],
    ids=str,
)
def test_an_attempt_is_one_request(hear, say, request_, model, fault, type_):
    """Whatever litellm would do by itself: one request, and the failure is the server's own."""
    heard = hear([say(**{"body": ERROR, **fault})], request=request_, model=model, policy=ONCE)
    assert len(heard.server.bodies) == 1
    assert heard.call.error["type"] == type_
    if fault.get("status", 307) != 307:
        assert (heard.call.error["status"], "slow down" in heard.call.error["message"]) == (
            fault["status"],
            True,
        )
    assert heard.call.attempts[0].ms < 2_000, "no back-off of an SDK's hides in an attempt"


@pytest.mark.parametrize(
    ("request_", "body", "said"),
    [
        (EMBED, openai_list(data=openai_list()["data"][:1]), "texts sent: 2, vectors that came: 1"),
        (RERANK, order(results=[{"index": 7, "relevance_score": 0.1}]), "no index of a text"),
        (RERANK, order(results=[]), "the order is empty"),
    ],
    ids=str,
)
def test_what_does_not_fit_the_texts_is_a_broken_answer(hear, say, request_, body, said):
    """What it took is told all the same."""
    heard = hear([say(body=body)], request=request_, model="hosted_vllm/m", policy=ONCE)
    assert said in heard.call.error["message"]
    assert heard.call.attempts[0].usage.input_tokens in (7, 21)


@pytest.mark.parametrize(("request_", "model"), BOTH, ids=lambda one: getattr(one, "task", one))
def test_a_vendors_key_never_leaves_for_another_host(hear, say, monkeypatch, request_, model):
    """A server of one's own is sent the key that the config names, or none."""
    for name in (
        "OPENAI",
        "COHERE",
        "CO",
        "VOYAGE",
        "JINA_AI",
        "HOSTED_VLLM",
        "INFINITY",
        "TOGETHERAI",
        "MISTRAL",
    ):
        monkeypatch.setenv(f"{name}_API_KEY", "sk-of-the-vendor")
    environ = {"MY_KEY": "sk-mine"}
    answer = (EMBEDDERS if request_ is EMBED else RERANKERS)[model][1]()
    heard = hear([say(body=answer)], request=request_, model=model, environ=environ)
    assert "sk-of-the-vendor" not in str(heard.server.headers)
    named = hear([say(body=answer)], request=request_, model=model, environ=environ, api_key_env="MY_KEY")
    assert "sk-mine" in str(named.server.headers)
    assert "sk-of-the-vendor" not in str(named.server.headers)


def test_a_silent_server_is_left_at_the_deadline(hear, say):
    """At the call's limit, not at one of litellm's."""
    heard = hear(
        [say(fault="hang")],
        request=RERANK,
        model="voyage/rerank-2.5",
        policy=Policy(timeout_s=0.3, retries=3),
    )
    assert (heard.call.error["type"], heard.call.ms) == ("timeout", 300.0)


def test_nothing_is_printed(hear, say, capfd):
    """Neither on success nor on failure."""
    script = [say(body=order()), say(status=500), say(body=b"<")]
    hear(script, request=RERANK, model="jina_ai/jina-reranker-v2-base-multilingual", times=3)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("model", "task", "more", "said"),
    [
        ("cohere/rerank-v3.5", "rerank", {}, []),
        ("voyage/rerank-2.5", "rerank", {}, []),
        ("together_ai/Salesforce/Llama-Rank-V1", "rerank", {}, []),
        ("hosted_vllm/my-reranker", "rerank", {"extra": {"max_tokens_per_doc": 64}}, []),
        ("openai/text-embedding-3-small", "embed", {"extra": {"dimensions": 64}}, []),
        ("hosted_vllm/my-embedder", "embed", {}, []),
        ("openai/my-model", "rerank", {}, ["litellm has no rerank of openai's"]),
        ("my-model", "embed", {}, ["litellm knows no vendor of 'my-model'"]),
        ("openai/gpt-4o-mini", "embed", {}, ["openai/gpt-4o-mini is for chat, and is asked to embed"]),
        ("openai/gpt-4o-mini", "embed", {"base_url": "http://127.0.0.1:9/v1"}, []),
        ("cohere/rerank-v3.5", "embed", {}, ["is for rerank, and is asked to embed"]),
        (
            "voyage/rerank-2.5",
            "rerank",
            {"extra": {"truncation": True}},
            ["litellm sends voyage no 'truncation'"],
        ),
        ("openai/my-model", "embed", {"extra": {"dimensions": 2}}, ["Setting dimensions is not supported"]),
        ("voyage/voyage-3", "embed", {"extra": {"fallbacks": []}}, ["'fallbacks' is litellm's own argument"]),
    ],
)
def test_what_would_fail_is_known_before(model, task, more, said):
    """A vendor without the endpoint, a model for something else, an argument that would never be sent."""
    told = LiteLLM.unfit(ModelSpec(name="any", provider="litellm", model=model, **more), task)
    assert len(told) == len(said)
    assert all(words in objection.what for words, objection in zip(said, told, strict=True))
