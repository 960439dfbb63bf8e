"""The JSON Schema for editors: it takes what the reader takes, and refuses what it refuses."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from ruamel.yaml import YAML

import harness
from harness.files.config.schema import config_schema, expected, hint, keys

ROOT = Path(__file__).parents[3]
SHIPPED = [
    *sorted((ROOT / "configs").glob("*.yaml")),
    Path(harness.__file__).parent / "files/starter/experiment.yaml",
]
EXAMPLE = Path(__file__).with_name("experiment.yaml").read_text(encoding="utf-8")


def load(text: str) -> Any:
    """Read YAML as an editor would."""
    return YAML(typ="safe", pure=True).load(text)


@pytest.fixture(scope="module")
def validator() -> Any:
    """The schema, compiled by somebody else's hands."""
    return jsonschema_rs.Draft202012Validator(config_schema())


def test_it_takes_the_contract_example(validator):
    """Every key of the contract stands in it."""
    assert [str(error) for error in validator.iter_errors(load(EXAMPLE))] == []


@pytest.mark.parametrize("file", SHIPPED, ids=lambda file: file.name)
def test_it_takes_every_shipped_config(validator, file):
    """An editor underlines nothing in what the project itself ships."""
    assert [str(error) for error in validator.iter_errors(load(file.read_text(encoding="utf-8")))] == []


@pytest.mark.parametrize(
    "text",
    [
        "evalset: ev\nvariants: {a: {model: openai/m, fewshot: 5, prompt: p.md, output: json_schema}}",
        "evalset: {golden: a.csv, edge: {hf: x}}\nvariants: {a: {recorded: x.jsonl}}\nmetrics: [exact]\ncache: off",
        "extends: b.yaml\nmodels: {m: {temperature: null}}\nvariants: {a: {extends: b, retrieve: null}}",
        "evalset: ev\nvariants: {a: {pipeline: [{fewshot: 1}, {stage: 'a.b:C', options: {x: 1}}, {model: m}]}}",
        "evalset: ev\nvariants: {a: {model: m}}\nmetrics: [{scorer: exact, normalise: squad}]",
        "extends: b.yaml\nmodels: {m: null}\nvariants: {a: null}\ncontrol: null\nneeds: null",
        "evalset: ev\nvariants: {a: {model: m}}\nmetrics: ['python:scoring:polite', {scorer: 'a.b:Near', k: 1}]",
    ],
)
def test_it_takes_short_forms_and_inheritance(validator, text):
    """What may be inherited need not be there, and null deletes it."""
    assert [str(error) for error in validator.iter_errors(load(text))] == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("alpha: 0.05", "alhpa: 0.05"),
        ("alpha: 0.05", "alpha: 2"),
        ("seed: 7", "seed: seven"),
        ("top_k: 8", "topk: 8"),
        ("select: similar", "select: nearest"),
        ("evalset: ../evalsets/support", "extras: 1"),
        ("at_least: 0.80", "at_leats: 0.80"),
        ("k: 5, select", "k: 0, select"),
        ("changes: weekly", "changes: often"),
        ("scorer: json_fields", "scorer: json_feilds"),
    ],
)
def test_it_refuses_what_the_reader_refuses(validator, old, new):
    """An editor underlines it before anything is run."""
    assert old in EXAMPLE
    assert not validator.is_valid(load(EXAMPLE.replace(old, new, 1)))


def test_every_key_is_described():
    """No key stands in the schema without a sentence for whoever hovers over it."""

    def undescribed(schema: Any, path: str) -> Iterator[str]:
        for name, rule in schema.get("properties", {}).items():
            if not rule.get("description"):
                yield f"{path}.{name}"
        for option in schema.get("anyOf", ()):
            yield from undescribed(option, path)

    schema = config_schema()
    assert list(undescribed(schema, "top")) == []
    assert [one for name, rule in schema["$defs"].items() for one in undescribed(rule, name)] == []


def test_it_is_json_and_a_copy():
    """A caller may change what it is given."""
    schema = config_schema()
    json.dumps(schema)
    schema["properties"].clear()
    assert config_schema()["properties"]


@pytest.mark.parametrize(
    ("path", "words"),
    [
        (("repeats",), "a whole number of at least 1"),
        (("timeout_s",), "a number above 0 and of at most 86400"),
        (("models", "x", "base_url"), "a url"),
        (("models", "x", "stop"), "text or a list"),
        (("variants", "x", "python", "function"), "package.module:name"),
        (("needs", "queries_per_month"), "a whole number of at least 1 or a list of whole numbers"),
        (("variants", "x", "retrieve", "chunk", "by"), "'heading'"),
        (("nowhere",), "something else"),
    ],
)
def test_a_place_is_said_in_plain_words(path, words):
    """What may stand at a key, without a word of JSON Schema."""
    assert expected(path) == words


def test_keys_and_hints_come_from_the_schema():
    """A step of a pipeline knows its keys, and a stranger among them knows its home."""
    assert keys(("variants", "x", "pipeline", 0))[:3] == ["fewshot", "retrieve", "rerank"]
    assert hint("at_most", ("variants", "x")) == ("'at_most' belongs under gates[]", None)
    assert hint("chunk", ("variants", "x", "prompt")) == ("'chunk' belongs under variants.x.retrieve", None)
