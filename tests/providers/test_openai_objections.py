"""What is known before a run: parameters, output modes, schemas and tools that the vendor will refuse."""

import pytest

from harness.providers.openai.provider import OpenAI
from harness.types.experiment import ModelSpec, OutputSpec

STRICT = {
    "type": "object",
    "properties": {"a": {"type": "string"}},
    "required": ["a"],
    "additionalProperties": False,
}
LOOSE = {"type": "object", "properties": {"a": {"type": "string", "minLength": 1}}}


def keys(model="gpt-4o-mini", *, output=None, tools=(), **more):
    """The keys that are objected to."""
    return [objection.key for objection in told(model, output=output, tools=tools, **more)]


def told(model="gpt-4o-mini", *, output=None, tools=(), **more):
    """The objections."""
    spec = ModelSpec(name="x", provider="openai", model=model, **more)
    return list(OpenAI.objections(spec, output or OutputSpec(), tools))


SAMPLING = {"temperature": 0, "top_p": 0.5, "presence_penalty": 1, "frequency_penalty": 1, "stop": ["x"]}


@pytest.mark.parametrize(
    ("model", "effort", "refused"),
    [
        ("o1", None, ["temperature", "top_p", "presence_penalty", "frequency_penalty"]),
        ("o3-mini", None, ["temperature", "top_p", "presence_penalty", "frequency_penalty"]),
        ("o3", None, list(SAMPLING)),
        ("o4-mini-2025-04-16", None, list(SAMPLING)),
        ("ft:o4-mini-2025-04-16:org::id", None, list(SAMPLING)),
        ("gpt-5", None, list(SAMPLING)),
        ("gpt-5-mini-2025-08-07", "minimal", list(SAMPLING)),
        ("gpt-5.1-chat-latest", None, list(SAMPLING)),
        ("gpt-5.2-pro", None, list(SAMPLING)),
        ("gpt-5.1", None, []),
        ("gpt-5.4-mini", "none", []),
        ("gpt-5.4-mini", "low", list(SAMPLING)),
        ("gpt-5.5", None, list(SAMPLING)),
        ("gpt-5.6-luna", "none", []),
        ("gpt-5-chat-latest", None, []),
        ("gpt-4o", None, []),
        ("gpt-4.1-mini", None, []),
        ("ft:gpt-4o-mini-2024-07-18:org::id", None, []),
        ("gpt-5.9", "high", []),
        ("gpt-50", None, []),
        ("o5", None, []),
    ],
)
def test_a_model_that_reasons_takes_no_sampling(model, effort, refused):
    """What is sure is objected to, by model and effort; a model that is not known is left to the server."""
    params = SAMPLING | ({"reasoning_effort": effort} if effort else {})
    assert keys(model, params=params) == refused
    assert keys(model, params=params, base_url="http://127.0.0.1:1/v1") == []


def test_the_default_is_taken():
    """Saying what holds anyway is no fault; neither is what a reasoning model does take."""
    params = {"temperature": 1, "top_p": 1, "presence_penalty": 0, "seed": 3, "max_tokens": 9}
    assert keys("o3", params=params) == []


def test_an_objection_says_what_and_what_next():
    """It names model, parameter and value, and the ways out."""
    (one,) = told("gpt-5.5", params={"temperature": 0})
    assert one.what == "gpt-5.5 does not take temperature 0 while it reasons"
    assert one.next == "set reasoning_effort: none, leave temperature out, or say drop_unsupported: true"


@pytest.mark.parametrize("model", ["gpt-4o", "gpt-4.1", "gpt-3.5-turbo", "gpt-5-chat-latest"])
def test_a_model_that_does_not_reason_takes_no_effort(model):
    """reasoning_effort is refused by it."""
    assert keys(model, params={"reasoning_effort": "low"}) == ["reasoning_effort"]


def test_the_responses_api_takes_less():
    """No seed, no stop and no penalties there, for any model."""
    params = {"seed": 1, "stop": ["x"], "presence_penalty": 0, "frequency_penalty": 0, "temperature": 0}
    assert keys("gpt-4o", api="responses", params=params) == [
        "seed",
        "stop",
        "presence_penalty",
        "frequency_penalty",
    ]
    assert keys("gpt-4o", params=params) == []


@pytest.mark.parametrize("base_url", [None, "http://127.0.0.1:1/v1"])
def test_a_schema_is_needed_where_it_is_sent(base_url):
    """At any server: json_schema and tool mode have nothing to send without one."""
    for mode in ("json_schema", "tool"):
        assert keys(output=OutputSpec(mode=mode), base_url=base_url) == ["output.schema"]
    for mode in ("prompt", "json_object"):
        assert keys(output=OutputSpec(mode=mode), base_url=base_url) == []


@pytest.mark.parametrize("api", ["chat", "responses"])
def test_a_strict_schema_is_checked_at_the_vendor_only(api):
    """Each reason with its place in the schema; servers elsewhere differ, and fine-tuned models take less."""
    loose = OutputSpec(mode="json_schema", schema=LOOSE)
    whats = [one.what for one in told(output=loose, api=api)]
    assert whats == [
        "$: additionalProperties must be false",
        "$: every property must be required, and a is not",
        "$.properties.a: 'minLength' is not taken",
    ]
    assert keys(output=loose, api=api, base_url="http://127.0.0.1:1/v1") == []
    assert keys(output=OutputSpec(mode="json_schema", schema=STRICT), api=api) == []
    assert keys(output=OutputSpec(mode="tool", schema=LOOSE), api=api) == []

    bounded = {**STRICT, "properties": {"a": {"type": "string", "pattern": "^x"}}}
    output = OutputSpec(mode="json_schema", schema=bounded)
    assert keys(output=output, api=api) == []
    assert keys("ft:gpt-4o-mini-2024-07-18:org::id", output=output, api=api) == ["output.schema"]


def test_a_functions_parameters_are_an_object():
    """In mode `tool` the schema is a function's, and the vendor takes objects only."""
    output = OutputSpec(mode="tool", schema={"type": "array", "items": {"type": "string"}})
    assert keys(output=output) == ["output.schema"]
    assert keys(output=output, base_url="http://127.0.0.1:1/v1") == []


def test_the_answer_tool_stands_alone():
    """A forced function leaves no choice among the variant's own tools."""
    output = OutputSpec(mode="tool", schema=STRICT)
    assert keys(output=output, tools=({"name": "x"},), base_url="http://127.0.0.1:1/v1") == ["output"]


@pytest.mark.parametrize(
    ("tools", "vendor", "elsewhere"),
    [
        (({"name": "look_up", "parameters": LOOSE},), 0, 0),
        (({"type": "web_search"},), 1, 1),
        (({"name": "math.sqrt"},), 1, 0),
        (({"name": "x" * 65},), 1, 0),
        (({"name": "x", "strict": True, "parameters": LOOSE},), 3, 0),
        (({"name": "x", "strict": True, "parameters": STRICT},), 0, 0),
        (tuple({"name": f"t{n}"} for n in range(129)), 1, 0),
        (({"description": "nameless"}, {"name": 3}), 2, 2),
    ],
)
def test_tools_are_checked(tools, vendor, elsewhere):
    """Their shape everywhere; names, number and strict parameters by the vendor's rules."""
    assert keys(tools=tools) == ["tools"] * vendor
    assert keys(tools=tools, base_url="http://127.0.0.1:1/v1") == ["tools"] * elsewhere


def test_a_key_that_means_another_vendor_is_told():
    """`prompt_cache` would be left out without a word, whichever server it is."""
    assert keys(prompt_cache=True) == ["prompt_cache"]
    assert keys(prompt_cache=True, base_url="http://127.0.0.1:9/v1") == ["prompt_cache"]
