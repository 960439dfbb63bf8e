"""What is known to be refused is found before the run, and nothing that would have passed."""

import pytest

from harness.providers.anthropic.models import claude, is_vendors, root_url
from harness.providers.anthropic.provider import Anthropic
from harness.types.experiment import ModelSpec, OutputSpec

SCHEMA = {
    "type": "object",
    "properties": {"a": {"type": "string"}},
    "required": ["a"],
    "additionalProperties": False,
}
LOOSE = {"type": "object", "properties": {"a": {"type": "string", "maxLength": 3}}}
BUDGET = {"thinking": {"type": "enabled", "budget_tokens": 2000}}


def keys(
    model="claude-haiku-4-5", *, mode="prompt", schema=SCHEMA, tools=(), base_url=None, extra=None, **params
):
    """The keys that are objected to, in order."""
    spec = ModelSpec(
        name="m", provider="anthropic", model=model, base_url=base_url, params=params, extra=extra or {}
    )
    objections = Anthropic.objections(spec, OutputSpec(mode=mode, schema=schema), tools)
    assert all(objection.what and "\n" not in objection.what for objection in objections)
    return [objection.key for objection in objections]


@pytest.mark.parametrize(
    ("model", "version", "family"),
    [
        ("claude-haiku-4-5", (4, 5), "haiku"),
        ("claude-haiku-4-5-20251001", (4, 5), "haiku"),
        ("claude-opus-4-20250514", (4, 0), "opus"),
        ("claude-opus-5-5", (5, 5), "opus"),
        ("claude-sonnet-5", (5, 0), "sonnet"),
        ("claude-3-5-haiku-latest", (3, 5), ""),
        ("claude-3-haiku-20240307", (3, 0), ""),
        ("claude-2.1", (2, 1), ""),
        ("anthropic.claude-sonnet-4-6-v1:0", (4, 6), "sonnet"),
        ("claude-opus-4-5@20251101", (4, 5), "opus"),
        ("anthropic/claude-fable-5.1", (5, 1), "fable"),
        ("claude-mythos-preview", (0, 0), ""),
        ("deepseek-chat", (0, 0), ""),
    ],
)
def test_a_models_version_stands_in_its_id(model, version, family):
    """In every way in which the vendor, the clouds and the gateways write it."""
    assert (claude(model).version, claude(model).family) == (version, family)


@pytest.mark.parametrize("model", ["claude-3-haiku-20240307", "claude-opus-4-1", "claude-opus-5-5", "other"])
@pytest.mark.parametrize("key", ["seed", "presence_penalty", "frequency_penalty"])
def test_the_api_knows_neither_seed_nor_penalties(model, key):
    """Whatever the model."""
    assert keys(model, **{key: 1}) == [key]


@pytest.mark.parametrize(
    ("model", "params", "expected"),
    [
        ("claude-haiku-4-5", {"temperature": 0, "max_tokens": 5, "stop": "x"}, []),
        ("claude-haiku-4-5", {"top_p": 0.1}, []),
        ("claude-haiku-4-5", {"temperature": 1.5}, ["temperature"]),
        ("claude-haiku-4-5", {"temperature": 0, "top_p": 0.5}, ["top_p"]),
        ("claude-opus-4-1", {"temperature": 0, "top_p": 0.5}, ["top_p"]),
        ("claude-opus-4-20250514", {"temperature": 0, "top_p": 0.5}, []),
        ("claude-3-5-haiku-latest", {"temperature": 0, "top_p": 0.5}, []),
        ("claude-opus-4-7", {"temperature": 0}, ["temperature"]),
        ("claude-sonnet-5", {"temperature": 0.2, "top_p": 0.5}, ["temperature", "top_p"]),
        ("claude-sonnet-5", {"temperature": 1, "top_p": 1}, []),
        ("claude-mythos-preview", {"temperature": 0.2, "top_p": 0.5}, []),
    ],
)
def test_sampling_is_taken_as_the_model_takes_it(model, params, expected):
    """Both together until 4, either from 4.1, none but the default from 4.7."""
    assert keys(model, **params) == expected


@pytest.mark.parametrize(
    ("model", "effort", "expected"),
    [
        ("claude-opus-5", "xhigh", []),
        ("claude-opus-4-6", "max", []),
        ("claude-opus-4-6", "xhigh", ["reasoning_effort"]),
        ("claude-opus-4-5", "low", []),
        ("claude-opus-4-5", "max", ["reasoning_effort"]),
        ("claude-sonnet-4-5", "low", ["reasoning_effort"]),
        ("claude-haiku-4-5", "low", ["reasoning_effort"]),
        ("claude-sonnet-5", "minimal", ["reasoning_effort"]),
        ("other", "max", []),
    ],
)
def test_effort_is_taken_where_there_are_levels_of_it(model, effort, expected):
    """Older models think by a budget of tokens, which `extra` can give."""
    assert keys(model, reasoning_effort=effort) == expected


@pytest.mark.parametrize(
    ("model", "params", "extra", "expected"),
    [
        ("claude-sonnet-4-6", {"reasoning_effort": "low", "temperature": 0}, {}, ["temperature"]),
        ("claude-sonnet-4-6", {"reasoning_effort": "low", "temperature": 1}, {}, []),
        ("claude-sonnet-4-6", {"reasoning_effort": "low", "top_p": 0.9}, {}, ["top_p"]),
        ("claude-sonnet-4-6", {"reasoning_effort": "low", "top_p": 0.96}, {}, []),
        ("claude-opus-4-5", {"reasoning_effort": "low", "temperature": 0}, {}, []),
        ("claude-haiku-4-5", {"temperature": 0.5}, BUDGET, ["temperature"]),
        ("claude-haiku-4-5", {}, BUDGET, []),
        ("claude-haiku-4-5", {"max_tokens": 2000}, BUDGET, ["extra"]),
        ("claude-haiku-4-5", {}, {**BUDGET, "max_tokens": 1500}, ["extra"]),
        ("claude-haiku-4-5", {}, {"thinking": {"type": "enabled", "budget_tokens": 500}}, ["extra"]),
        ("claude-haiku-4-5", {}, {"thinking": {"type": "enabled"}}, ["extra"]),
        ("claude-opus-5", {}, BUDGET, ["extra"]),
        ("claude-opus-5", {}, {"thinking": {"type": "disabled"}}, []),
        ("claude-opus-5", {}, {"thinking": 3}, []),
    ],
)
def test_thinking_has_conditions(model, params, extra, expected):
    """Temperature 1, top_p near 1, and a budget inside max_tokens; none of it where the model decides by itself."""
    assert keys(model, extra=extra, **params) == expected


@pytest.mark.parametrize(
    ("model", "mode", "expected"),
    [
        ("claude-haiku-4-5", "prompt", []),
        ("claude-haiku-4-5", "json_object", ["output"]),
        ("other", "json_object", ["output"]),
        ("claude-haiku-4-5", "json_schema", []),
        ("claude-opus-4-1", "json_schema", ["output"]),
        ("claude-3-haiku-20240307", "json_schema", ["output"]),
        ("claude-haiku-4-5", "tool", []),
        ("claude-haiku-5-5", "tool", []),
        ("claude-opus-5", "tool", []),
        ("claude-opus-5-5", "tool", ["output"]),
        ("claude-fable-5-1", "tool", ["output"]),
    ],
)
def test_an_output_mode_is_taken_as_the_model_takes_it(model, mode, expected):
    """Schemas from 4.5; forced tools until the models that refuse them."""
    assert keys(model, mode=mode) == expected


def test_forcing_and_thinking_exclude_each_other_where_that_is_known():
    """On models before 4.8, however the thinking was asked for."""
    assert keys("claude-opus-4-6", mode="tool", reasoning_effort="low") == ["reasoning_effort"]
    assert keys("claude-haiku-4-5", mode="tool", extra=BUDGET) == ["output"]
    assert keys("claude-opus-5", mode="tool", reasoning_effort="low") == []


def test_a_schema_is_read_where_the_vendor_would():
    """In mode json_schema and in a strict tool; a plain tool takes any schema of an object."""
    assert keys(mode="json_schema", schema=LOOSE) == ["output.schema"] * 2
    assert keys(mode="tool", schema=LOOSE) == []
    assert keys(mode="tool", schema={"type": "array"}) == ["output.schema"]
    assert keys(mode="json_schema", schema=None) == ["output.schema"]
    assert keys(tools=[{"name": "f", "input_schema": LOOSE}]) == []
    assert keys(tools=[{"name": "f", "input_schema": LOOSE, "strict": True}]) == ["tools"] * 2
    assert keys("claude-opus-4-1", tools=[{"name": "f", "input_schema": SCHEMA, "strict": True}]) == ["tools"]


def test_tools_are_read_too():
    """What is no tool is told; mode tool takes the place of a variant's own."""
    assert keys(tools=[{"type": "web_search"}, {"name": "f"}]) == ["tools"]
    assert keys(mode="tool", tools=[{"name": "f"}]) == ["output"]


def test_another_server_is_not_held_to_the_vendors_rules():
    """Only what cannot even be asked of it: a mode that the API has not, and tools that are none."""
    url = "http://127.0.0.1:8080/v1"
    params = {"temperature": 2, "top_p": 0.1, "seed": 1, "reasoning_effort": "minimal"}
    assert keys("claude-opus-5", base_url=url, mode="json_schema", schema=LOOSE, **params) == []
    assert keys("claude-opus-5", base_url=url, mode="tool", extra=BUDGET) == []
    assert keys(base_url=url, mode="json_object", tools=[3]) == ["output", "tools"]


@pytest.mark.parametrize("url", [None, "https://api.anthropic.com", "https://api.anthropic.com/v1/"])
def test_the_vendors_endpoint_is_known_however_it_is_written(url):
    """With its version or without, or not at all."""
    model = ModelSpec(name="m", provider="anthropic", model="m", base_url=url)
    assert is_vendors(model)
    assert root_url(model) == "https://api.anthropic.com"
    assert not is_vendors(
        ModelSpec(name="m", provider="anthropic", model="m", base_url="http://127.0.0.1/v1")
    )


def test_a_key_that_means_another_vendor_is_told():
    """There is no Responses API here: `api` would be left out without a word, whichever server it is."""
    spec = ModelSpec(
        name="m",
        provider="anthropic",
        model="claude-haiku-4-5",
        api="responses",
        base_url="http://127.0.0.1:9",
    )
    assert [one.key for one in Anthropic.objections(spec, OutputSpec(), ())] == ["api"]


def test_every_refused_parameter_says_what_next():
    """Leave it out by hand, or let it be left out."""
    params = {"seed": 1, "temperature": 1.5, "top_p": 0.5}
    spec = ModelSpec(name="m", provider="anthropic", model="claude-haiku-4-5", params=params)
    told = Anthropic.objections(spec, OutputSpec(), ())
    assert [one.key for one in told] == ["seed", "temperature", "top_p"]
    assert all(one.next == f"leave {one.key} out, or say drop_unsupported: true" for one in told)
