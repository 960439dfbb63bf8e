"""Baseline files: what is written is read back to the last bit, small, and readable in a diff."""

import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from harness.errors import UsageError
from harness.files.baselines import asked_digest, baseline_for, baseline_of, read_baseline, write_baseline
from harness.files.exposures import rows_digest
from harness.stats.pairing import paired, paired_times
from harness.types.comparison import WHOLE, Noise, Samples, Side
from harness.types.experiment import Gate
from harness.types.run import Manifest, MetricInfo

MANIFEST = Manifest(
    id="20260102T030405Z-x-1a2b3c4d", experiment="x", config_file="c.yaml",
    config={"variants": {"a": {"model": "m"}, "b": {"model": "m"}}, "models": {"m": {"model": "one"}}},
    config_digest="", evalset_digest="", digests={}, started_at="2026-01-02T03:04:05Z", seed=7, concurrency=1,
    timeout_s=30.0, control="a", layers={}, plan={}, metrics=(MetricInfo(name="m", scorer="exact", primary=True),),
    live={}, schema=None, versions={"variant-harness": "0.1.0"},
)  # fmt: skip


def side(variant="a", n=5, repeats=1, partition="golden", seed=1, **changes):
    """A side with every kind of mark: binary, graded, unknown, money; and a time that never came."""
    random = np.random.default_rng(seed)
    graded = random.random(n)
    graded[0] = math.nan
    times = [(float(ms), place) for place in range(1, n) for ms in random.lognormal(6, 1, repeats)]
    fields = {
        "variant": variant,
        "partition": partition,
        "run": MANIFEST.id,
        "examples": tuple(f"g-{number:04}" for number in range(n)),
        "digests": tuple(f"{number:016x}" for number in range(n)),
        "tags": tuple(("easy",) if number % 2 else () for number in range(n)),
        "repeats": repeats,
        "marks": {
            "m": random.integers(0, 2, n).astype(float),
            "graded": graded,
            "cost_usd_per_1k": random.integers(200, 900, n) * 1.5e-4,
            "coverage": np.ones(n),
        },
        "times": {
            WHOLE: Samples(ms=[ms for ms, _ in times], examples=[place for _, place in times], timed_out=1)
        },
        "flips": (1, 3),
        "identity": {"m": "1" * 16, "graded": "2" * 16, "schema": "3" * 16, "prices": variant * 16},
        "version": "0.1.0",
    }
    return Side(**{**fields, **changes})


def sides_of(*sides):
    """Sides by variant and partition."""
    return {(one.variant, one.partition): one for one in sides}


def written(file, *sides, noise=()):
    """A baseline of these sides, written and read back."""
    write_baseline(baseline_of(file, MANIFEST, sides_of(*sides), noise))
    return read_baseline(file)


def test_what_is_read_back_pairs_exactly(tmp_path: Path) -> None:
    """Every mark to the last bit, NaN where there was none; every example, row, tag and time in its place."""
    noise = Noise(
        variant="a", partition="golden", flips=1, pairs=3, rate=1 / 3, ci=(0.1, 0.6), mde=0.2, examples=5
    )
    made = (side("a", repeats=2), side("b", seed=2), side("a", partition="edge", n=3))
    found = written(tmp_path / "b.json", *made, noise=(noise,))
    assert (found.experiment, found.run, found.control, found.primary) == ("x", MANIFEST.id, "a", "m")
    assert found.noise == (noise,)
    assert found.rows["golden"] == rows_digest(dict(zip(made[0].examples, made[0].digests, strict=True)))
    assert found.sides.keys() == sides_of(*made).keys()
    for one in made:
        held = found.sides[one.variant, one.partition]
        for name in ("examples", "digests", "tags", "repeats", "flips", "identity", "version", "run"):
            assert getattr(held, name) == getattr(one, name), name
        for metric in one.marks:
            assert np.array_equal(held.marks[metric], one.marks[metric], equal_nan=True)
            pairs = paired(one, held, metric)
            assert (pairs.a == pairs.b).all()
            assert pairs.missing == pairs.new == pairs.changed == ()
        times = paired_times(one, held, WHOLE)
        assert np.allclose(np.concatenate(times.a), np.concatenate(times.b), rtol=6e-4)
        assert held.times[WHOLE].timed_out == 1


def test_a_variant_that_was_asked_on_a_part_stays_on_it(tmp_path: Path) -> None:
    """A control that was sampled, or a variant that stopped early, has no more examples after it is read than before."""
    whole, part = side("b", n=6), side("a", n=2)
    part = replace(
        part,
        examples=("g-0001", "g-0004"),
        digests=(whole.digests[1], whole.digests[4]),
        times={WHOLE: Samples(ms=[50.0], examples=[1])},
    )
    found = written(tmp_path / "b.json", whole, part).sides["a", "golden"]
    assert found.examples == part.examples
    assert list(found.marks["m"]) == list(part.marks["m"])
    assert (list(found.times[WHOLE].ms), list(found.times[WHOLE].examples)) == ([50.0], [1])


def test_no_time_becomes_zero(tmp_path: Path) -> None:
    """A tenth of a millisecond where it is long, four digits where it is short: logarithms of them exist."""
    times = {WHOLE: Samples(ms=[0.0123456, 5.43219, 1234.5678], examples=[0, 1, 2])}
    found = written(tmp_path / "b.json", side("a", times=times))
    assert found.sides["a", "golden"].times[WHOLE].ms == [0.01235, 5.432, 1234.6]


def test_the_same_run_gives_the_same_bytes_however_its_sides_are_ordered(tmp_path: Path) -> None:
    """Nothing in the file tells when it was written, and every object is in the order of its keys."""
    for name, order in (("one", ("a", "b")), ("two", ("b", "a"))):
        written(tmp_path / name, *(side(variant) for variant in order))
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_a_diff_of_it_can_be_read_and_it_is_small(tmp_path: Path) -> None:
    """One line an example and one a metric; 1,000 examples of 5 variants and 4 metrics stay under 300 KB."""
    names = ("exact", "labels", "facts", "abstained")
    random = np.random.default_rng(3)
    marks = {name: random.integers(0, 2, 1000).astype(float) for name in names}
    more = {
        "coverage": np.ones(1000),
        "schema_failure_rate": np.zeros(1000),
        "cost_usd_per_1k": random.integers(200, 900, 1000) * 1.5e-4,
    }
    made = [side(variant, n=1000, marks={**marks, **more}) for variant in "abcde"]
    file = tmp_path / "b.json"
    written(file, *made)
    assert file.stat().st_size < 300_000
    lines = file.read_text(encoding="utf-8").splitlines()
    assert sum('"g-' in line for line in lines) == 1000
    assert lines[0] == "{"
    assert ' "g-0001": ["0000000000000001","easy"],' in [line[1:] for line in lines]
    assert sum(line.lstrip().startswith('"labels": [') for line in lines) == 5


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (None, "there is no such baseline; write it: harness baseline RUN"),
        ("no json", "cannot be read as a baseline"),
        ("[1]", "is no baseline"),
        ('{"format": "1", "sides": {}}', "is no baseline"),
        ('{"format": 1}', "is no baseline"),
        ('{"format": 9, "sides": {}}', "is a baseline of format 9, and this harness reads up to 1"),
        ('{"format": 1, "sides": {"a": {"golden": {}}}}', "is no whole baseline (KeyError"),
        ('{"format": 1, "sides": []}', "is no whole baseline"),
        ("\udcff", "cannot be read as a baseline"),
    ],
)
def test_what_is_no_baseline_is_said_in_one_line(tmp_path: Path, text: str | None, told: str) -> None:
    """Missing, torn, foreign or newer: the file is named, and what to do next."""
    file = tmp_path / "b.json"
    if text is not None:
        file.write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(UsageError, match=r"b\.json: ") as raised:
        read_baseline(file)
    assert told in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_file_with_a_hole_in_it_is_refused(tmp_path: Path) -> None:
    """Marks that lack an example's place, as after a merge by hand, are no baseline."""
    file = tmp_path / "b.json"
    written(file, side("a"))
    found = json.loads(file.read_text(encoding="utf-8"))
    found["sides"]["a"]["golden"]["marks"]["m"].pop()
    file.write_text(json.dumps(found), encoding="utf-8")
    with pytest.raises(UsageError, match=r"no whole baseline \(ValueError: 4 marks of m, and 5 examples\)"):
        read_baseline(file)


def test_a_gate_that_has_no_baseline_is_named_at_its_line(tmp_path: Path) -> None:
    """No file named, or none there: said where the gate stands; without such a gate nothing is read."""
    gate = Gate(metric="m", versus="baseline", where="c.yaml:9")
    with pytest.raises(UsageError, match=r"c\.yaml:9: .* has no baseline"):
        baseline_for((gate,), None)
    with pytest.raises(UsageError, match=r"c\.yaml:9: .* is not there; write it"):
        baseline_for((gate,), tmp_path / "b.json")
    assert baseline_for((replace(gate, versus="control"),), tmp_path / "b.json") is None
    written(tmp_path / "b.json", side("a"))
    assert baseline_for((gate,), tmp_path / "b.json") is not None


def test_what_is_asked_of_a_variant_has_a_digest() -> None:
    """It moves with the variant's own words and its model's, and with nothing else: no price, no other variant."""
    config = {
        "variants": {"a": {"prompt": {"system": "Hi"}, "model": "m"}, "b": {"model": "n"}},
        "models": {"m": {"model": "one", "price": {"input_usd_per_mtok": 1}}, "n": {"model": "two"}},
        "ablation": {"base": "a", "layers": {}},
    }

    def changed(*path, to):
        copy = json.loads(json.dumps(config))
        place = copy
        for key in path[:-1]:
            place = place[key]
        place[path[-1]] = to
        return asked_digest(copy, "a") != asked_digest(config, "a")

    assert changed("variants", "a", "prompt", "system", to="Hello")
    assert changed("models", "m", "model", to="three")
    assert not changed("models", "m", "price", to={})
    assert not changed("models", "n", "model", to="three")
    assert not changed("variants", "b", "model", to="m")
    assert asked_digest(config, "a+layer") != asked_digest({**config, "ablation": {}}, "a+layer")
