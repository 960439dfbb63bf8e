"""Tool definitions are checked before a run: what no vendor would take is told at its line in their file."""

import json
from pathlib import Path

import pytest

from harness.errors import ConfigError
from harness.files.config.read import read_config

PARAMETERS = {"type": "object", "properties": {"q": {"type": "string"}}}


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A config with two variants on one tools file, stood in as a user would."""
    (tmp_path / "ev").mkdir()
    (tmp_path / "c.yaml").write_text(
        "evalset: ev\nvariants:\n  one: {model: openai/m, tools: tools.json}\n  two: {extends: one}\n"
    )
    monkeypatch.chdir(tmp_path)


def tools_of(text: str):
    """What the variant holds."""
    Path("tools.json").write_text(text, encoding="utf-8")
    return read_config("c.yaml", environ={}).variant("two").tools


@pytest.mark.parametrize(
    "tool",
    [
        {"type": "function", "function": {"name": "look_up", "parameters": PARAMETERS}},
        {"name": "look_up", "input_schema": PARAMETERS},
        {"name": "look_up", "inputSchema": PARAMETERS},
        {"name": "now"},
    ],
)
def test_every_known_shape_is_taken_as_it_stands(tool):
    """A list of definitions, or one alone; the variants that inherit them hold the same."""
    assert tools_of(json.dumps([tool])) == (tool,)
    assert tools_of(json.dumps(tool)) == (tool,)


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("[\n1]", ["tools.json:2: tool definitions are a list of mappings"]),
        ('"x"', ["tools.json:1: tool definitions are a list of mappings"]),
        ('[{"name": "a"},\n{"description": "x"}]', ["tools.json:2: a tool needs a name, and "]),
        (
            '[{"name": "a"},\n{"name": "b"},\n{"type": "function", "function": {"name": "a"}}]',
            ["tools.json:3: a second tool 'a'; a model could not tell them apart; give one another name"],
        ),
        (
            '{"name": "a",\n "parameters": {"type": "object", "properties": {\n  "x": {"type": "float"}}}}',
            [
                (
                    "tools.json:3: the parameters of tool 'a': not a JSON Schema (2020-12): $.properties.x.type: "
                    "\"float\" is not valid under any of the schemas listed in the 'anyOf' keyword; did you mean 'number'?"
                ),
            ],
        ),
        (
            '[\n{"function": {"name": "a",\n"parameters": {"type": "dict"}}}]',
            [
                (
                    "tools.json:3: the parameters of tool 'a': not a JSON Schema (2020-12): $.type: "
                    "\"dict\" is not valid under any of the schemas listed in the 'anyOf' keyword; did you mean 'object'?"
                ),
            ],
        ),
        (
            '[{"name": "a", "input_schema": {"type": "object",\n"requried": []}}]',
            [
                "tools.json:2: the parameters of tool 'a': unknown keyword \"requried\"; did you mean 'required'?"
            ],
        ),
        (
            '[{"name": "a", "input_schema": {"type": "object"}},\n {"name": "b", "input_schema": {"$ref": "#/$defs/x"}}]',
            ["tools.json:2: the parameters of tool 'b': not a JSON Schema (2020-12): $: "],
        ),
        (
            '[{"name": "a",\n"parameters": {"properties": {}}}]',
            ['tools.json:2: the parameters of tool \'a\' are of type null; they are named: "type": "object"'],
        ),
        (
            '[{"name": "a", "parameters": {"type": "array"}},\n{"name": "a"}]',
            [
                "tools.json:1: the parameters of tool 'a' are of type \"array\"; ",
                "tools.json:2: a second tool 'a'",
            ],
        ),
    ],
)
def test_a_fault_is_told_once_at_its_line(text, lines):
    """Shape, names and schemas, several together, and not again for each variant that inherits the file."""
    with pytest.raises(ConfigError) as caught:
        tools_of(text)
    told = [str(fault) for fault in caught.value.faults]
    assert len(told) == len(lines)
    for said, wanted in zip(told, lines, strict=True):
        assert said.startswith(f"c.yaml:3: variants.one.tools: {wanted}")
