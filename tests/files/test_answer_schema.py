"""A schema is compiled before anything is run, and what is wrong with it is named by line."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from harness.errors import EvalsetError
from harness.files.answer_schema import read_schema
from harness.files.rows.faults import DataFaults


def read(path: Path, text: str) -> tuple[Mapping[str, object] | None, list[str]]:
    """Read a schema: what it is given as, and its faults without the path."""
    path.write_text(text, encoding="utf-8")
    faults = DataFaults()
    schema = read_schema(str(path), faults)
    try:
        faults.stop_if_any()
    except EvalsetError as error:
        return schema, [str(fault).removeprefix(str(path)) for fault in error.faults]
    return schema, []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{\n"type": "objct"}', ':2: not a JSON Schema (2020-12): $.type: "objct" is not valid'),
        (
            '{"properties": {\n"a": {\n"minimum": "x"}}}',
            ":3: not a JSON Schema (2020-12): $.properties.a.minimum: ",
        ),
        ('{"properties": {\n"a": {"$ref": "#/$defs/none"}}}', ":2: not a JSON Schema (2020-12): "),
        ('{\n"$ref": "http://127.0.0.1:9/x.json"}', ":2: not a JSON Schema (2020-12): "),
        ('{\n"a": 1,\n"a": 2}', ':3: the key "a" stands twice'),
        ('{\n"type": "object"', ":2: not valid JSON"),
        ("[]", ":1: a JSON Schema is an object, not []"),
        (
            '{"items": {"anyOf": [{},\n{"requried": []}]}}',
            ":2: unknown keyword \"requried\"; did you mean 'required'?",
        ),
    ],
)
def test_a_schema_is_faulted_at_its_line(tmp_path: Path, text: str, said: str) -> None:
    """JSON, standard and misspelt keywords; nothing that it refers to is fetched."""
    schema, faults = read(tmp_path / "x.json", text)
    assert len(faults) == 1
    assert faults[0].startswith(said)
    assert schema is None or "keyword" in said


@pytest.mark.parametrize(
    ("text", "schema"), [("true", {}), ("false", {"not": {}}), ('{"x-mine": 1}', {"x-mine": 1})]
)
def test_a_schema_may_be_a_truth(tmp_path: Path, text: str, schema: object) -> None:
    """The schemas true and false are objects; words of one's own are allowed."""
    assert read(tmp_path / "x.json", text) == (schema, [])
