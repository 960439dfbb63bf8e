"""Embeddings and rerank through litellm: what is asked, and what of its answer, and of the body below it, is believed."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from harness.calls import vectors, wire
from harness.errors import CallError
from harness.providers.litellm.exchange import Exchange
from harness.providers.litellm.library import first_sentence, is_litellms_own, vendor_of, wake
from harness.providers.litellm.reading import told_times
from harness.types.call import Reply, Request, Task
from harness.types.experiment import ModelSpec
from harness.types.plugins import Objection

_SIDES: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "cohere": ("input_type", {"query": "search_query", "document": "search_document"}),
    "voyage": ("input_type", {"query": "query", "document": "document"}),
    "nvidia_nim": ("input_type", {"query": "query", "document": "passage"}),
}
"""Vendors all of whose embedding models tell a query from a document, and how they are told which it is."""

_MODES: Mapping[Task, str] = {"embed": "embedding", "rerank": "rerank"}
"""What litellm's own table says that a model is for."""

_RERANK_OF_COHERE = ("cohere", "litellm_proxy", "together_ai", "bedrock")
"""Vendors that have Cohere's wording, which is what litellm also says where it has no wording at all."""


def arguments(request: Request, vendor: str) -> dict[str, Any]:
    """What `aembedding` or `arerank` is given, but for keys, addresses and switches. The whole order is asked for."""
    if request.task == "rerank":
        texts = list(request.texts)
        return {"query": request.query, "documents": texts, "top_n": len(texts), "return_documents": False}
    asked: dict[str, Any] = {"input": list(request.texts)}
    if vendor == "openai":
        asked["encoding_format"] = "float"
    key, sides = _SIDES.get(vendor, ("", {}))
    return {**asked, key: sides[request.side]} if request.side in sides else asked


async def ask(
    litellm: Any, asked: Mapping[str, Any], request: Request, exchange: Exchange, tap: wire.Tap
) -> Reply:
    """Make one call of either kind. Raises CallError for an answer that does not fit the texts."""
    embeds = request.task == "embed"
    answer = await (litellm.aembedding if embeds else litellm.arerank)(**asked)
    tap.done()
    body = _json(exchange)
    usage = vectors.input_usage(body)
    try:
        told = _vectors(answer, request) if embeds else _ranking(answer, request)
    except CallError as error:
        error.usage = usage
        raise
    named = body.get("model") if isinstance(body, Mapping) else None
    model = named if isinstance(named, str) else None
    return Reply(text="", usage=usage, wire=told_times(exchange, tap), model_returned=model, **told)


def unfit(model: ModelSpec, task: Task) -> Iterator[Objection]:
    """What would fail, or be left out without a word. Imports litellm: seconds."""
    vendor = vendor_of(model)
    if vendor is None:
        hint = "write vendor/model, as in cohere/rerank-v3.5; a server of your own is openai/model, or hosted_vllm/model"
        yield Objection(key="model", what=f"litellm knows no vendor of '{model.model}'", next=hint)
        return
    litellm = wake(model)
    row = litellm.model_cost.get(model.model) or litellm.model_cost.get(vendor[1]) or {}
    mode = row.get("mode", _MODES[task])
    if model.base_url is None and mode != _MODES[task]:
        yield Objection(key="model", what=f"{model.model} is for {mode}, and is asked to {task}")
    names = _sent_with_rerank(litellm, vendor) if task == "rerank" else None
    if names == frozenset():
        yield Objection(key="model", what=f"litellm has no rerank of {vendor[0]}'s", next="rerank by: prompt")
    for key, value in model.extra.items():
        what = _unsent(key, vendor[0], names) or _refused({key: value}, litellm, vendor, task)
        if what:
            yield Objection(key=f"extra.{key}", what=what, next="leave it out")


def _unsent(key: str, vendor: str, names: frozenset[str] | None) -> str:
    """Why an argument would not reach the model; empty where it may. `names`: all that is sent; None: anything."""
    if key in (names or ()):
        return ""
    if is_litellms_own(key):
        return f"'{key}' is litellm's own argument, and never reaches the model"
    return f"litellm sends {vendor} no '{key}'" if names else ""


def _refused(argument: Mapping[str, Any], litellm: Any, vendor: tuple[str, str], task: Task) -> str:
    """What litellm says of an argument that this vendor's embeddings do not take; empty where they do."""
    if task != "embed":
        return ""
    try:
        litellm.utils.get_optional_params_embeddings(
            model=vendor[1], custom_llm_provider=vendor[0], drop_params=False, **argument
        )
    except Exception as error:  # noqa: BLE001 - the very code that would refuse it in the call
        return first_sentence(error)
    return ""


def _sent_with_rerank(litellm: Any, vendor: tuple[str, str]) -> frozenset[str]:
    """Names that litellm sends this vendor with a rerank; empty where it has none of the vendor's."""
    name, model = vendor
    known = {one.value for one in litellm.LlmProviders}
    if name not in known:
        return frozenset()
    config = litellm.utils.ProviderConfigManager.get_provider_rerank_config(
        model=model, provider=litellm.LlmProviders(name), api_base=None, present_version_params=[]
    )
    if type(config) is litellm.CohereRerankConfig and name not in _RERANK_OF_COHERE:
        return frozenset()
    return frozenset(config.get_supported_cohere_rerank_params(model))


def _vectors(answer: Any, request: Request) -> dict[str, Any]:
    entries = [_mapping(one) for one in getattr(answer, "data", None) or ()]
    return {"vectors": vectors.one_each(entries, len(request.texts))}


def _ranking(answer: Any, request: Request) -> dict[str, Any]:
    entries = [_mapping(one) for one in getattr(answer, "results", None) or ()]
    told = ((one.get("index"), one.get("relevance_score")) for one in entries)
    return {"ranking": vectors.best_first(told, len(request.texts))}


def _mapping(entry: Any) -> Mapping[str, Any]:
    return entry if isinstance(entry, Mapping) else vars(entry)


def _json(exchange: Exchange) -> Any:
    """The answer as it came; None for a vendor with an SDK of its own under litellm, whose answer is not seen."""
    try:
        return json.loads(exchange.body)
    except ValueError:
        return None
