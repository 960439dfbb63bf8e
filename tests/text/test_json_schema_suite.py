"""The official JSON Schema test suite, draft 2020-12, without the tests that need a fetched document."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from harness.text.json_schema import JsonSchema

DATA = Path(os.environ.get("HARNESS_DATA", Path(__file__).parents[2] / "../shared/data"))
SUITE = DATA / "json-schema-2020-12" / "tests"
ELSEWHERE = "http://localhost:1234/"
"""Where the suite's remotes live; a schema that names it needs a document that is not part of it."""

pytestmark = pytest.mark.skipif(not SUITE.is_dir(), reason="the official JSON Schema tests are not here")


def as_mapping(schema: Any) -> Any:
    """The suite also has schemas that are just true or false."""
    return schema if isinstance(schema, dict) else {} if schema else {"not": {}}


def test_every_verdict_agrees_and_no_remote_is_fetched():
    """All verdicts agree with the suite's; a schema that needs a remote document is refused when it is compiled."""
    agreed, refused, wrong = 0, [], []
    for file in sorted(SUITE.glob("*.json")):
        for group in json.loads(file.read_text(encoding="utf-8")):
            try:
                schema = JsonSchema(as_mapping(group["schema"]))
            except ValueError as error:
                refused.append((json.dumps(group["schema"]), str(error)))
                continue
            for case in group["tests"]:
                valid = schema.fault(case["data"], len(json.dumps(case["data"]))) is None
                agreed += valid is case["valid"]
                if valid is not case["valid"]:
                    wrong.append((file.name, group["description"], case["description"]))
    assert wrong == []
    assert agreed > 1200
    assert len(refused) == 22
    assert all(ELSEWHERE in schema for schema, _ in refused)
    assert all("nothing is fetched" in error or "$schema names" in error for _, error in refused)
