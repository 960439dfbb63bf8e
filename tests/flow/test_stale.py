"""What has changed since a baseline was written: rows, scorers, schema, prices, version; nothing where nothing has."""

from dataclasses import replace

import pytest

from harness.flow.stale import stale
from harness.types.comparison import Baseline, Side
from harness.types.run import Manifest

MANIFEST = Manifest(
    id="r", experiment="x", config_file="c.yaml", config={}, config_digest="", evalset_digest="", digests={},
    started_at="", seed=7, concurrency=1, timeout_s=30.0, control="a", layers={}, plan={}, metrics=(), live={},
    schema=None, versions={"variant-harness": "2.0"},
)  # fmt: skip
SIDE = Side(
    variant="a", partition="golden", run="r", examples=("x", "y", "z"), digests=("1", "2", "3"), tags=((), (), ()),
    repeats=1, marks={}, times={}, identity={"m": "s", "schema": "j", "prices": "p"}, version="2.0",
)  # fmt: skip


def told(now=SIDE, *, version="2.0", selection=None, then=SIDE):
    """The messages of one side against one of the baseline."""
    kept = Baseline(
        file="b.json", experiment="x", run="old", version=version, control="a", primary="m",
        sides={(then.variant, then.partition): then},
    )  # fmt: skip
    manifest = replace(MANIFEST, selection=selection or {"limit": None, "tags": "", "only": None})
    found = stale(manifest, {(now.variant, now.partition): now}, kept)
    assert {one.code for one in found} <= {"baseline_stale"}
    return [one.message.removeprefix("the baseline ") for one in found]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({}, None),
        ({"digests": ("1", "2", "other")}, "knows other rows of golden: 1 changed; only the 2 that are the same"),
        ({"examples": ("x", "y", "w")}, "1 new, 1 missing"),
        ({"identity": {**SIDE.identity, "m": "t"}}, "was judged by another scorer of 'm'"),
        ({"identity": {**SIDE.identity, "n": "t"}}, "has no metric 'n'"),
        ({"identity": {**SIDE.identity, "schema": "k"}}, "was judged by another answer schema"),
        ({"identity": {**SIDE.identity, "prices": "q"}}, "was priced otherwise (a): no cost is compared"),
        ({"partition": "edge"}, None),
        ({"variant": "b", "identity": {**SIDE.identity, "prices": "q"}}, None),
    ],
    ids=["same", "row", "ids", "scorer", "metric", "schema", "prices", "partition", "variant"],
)  # fmt: skip
def test_each_difference_is_told_by_name(changes, message) -> None:
    """One notice for each thing that is another now, and none for what is not in both."""
    found = told(replace(SIDE, **changes))
    assert len(found) == (message is not None)
    assert message is None or message in found[0]


def test_rows_that_the_flags_left_out_are_no_sign_of_age() -> None:
    """Under --limit, --tags or --failed-from fewer rows are run; changed ones still are told."""
    part = replace(SIDE, examples=("x", "y"), digests=("1", "2"), tags=((), ()))
    assert "1 missing" in told(part)[0]
    for flag, value in (("limit", 2), ("tags", "easy"), ("only", [["a", "golden", "x", 0]])):
        assert told(part, selection={flag: value}) == []
        assert "1 changed" in told(replace(part, digests=("1", "9")), selection={flag: value})[0]


def test_another_version_of_the_harness_is_told() -> None:
    """A baseline of another version is said to be one."""
    assert told(version="1.0") == ["was written by harness 1.0, and this run by 2.0"]


def test_rows_that_an_early_stop_left_out_are_no_sign_of_age() -> None:
    """A run that may stop early need not have asked every row."""
    part = replace(SIDE, examples=("x", "y"), digests=("1", "2"), tags=((), ()))
    kept = Baseline(
        file="b.json",
        experiment="x",
        run="old",
        version="2.0",
        control="a",
        primary="m",
        sides={("a", "golden"): SIDE},
    )
    assert stale(replace(MANIFEST, looks=(0.5, 1.0)), {("a", "golden"): part}, kept) == ()
