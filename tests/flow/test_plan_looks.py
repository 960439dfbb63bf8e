"""The order of a run that may stop early: each look is a fair share of every partition, whole examples at a time."""

from collections import Counter
from math import ceil

from hypothesis import given
from hypothesis import strategies as st

from harness.flow.plan import plan
from harness.stats.sequential import LOOKS
from harness.types.evalset import Evalset, EvalsetSpec, Example
from harness.types.experiment import Experiment, ModelSpec, OutputSpec, Variant
from harness.types.run import Selection

VARIANTS = tuple(
    Variant(
        name=name, stages=(), model=ModelSpec(name="m", provider="recorded", model="m"), output=OutputSpec()
    )
    for name in ("plain", "rag")
)


def planned(golden, edge, repeats=1, seed=7, selection=None, *, stop_early=True):
    """A plan over so many examples."""
    rows = {
        name: tuple(Example(id=f"{name[0]}-{n}", inputs={}, tags=("adversarial",)) for n in range(count))
        for name, count in (("golden", golden), ("edge", edge))
    }
    experiment = Experiment(
        name="x", file="c.yaml", evalset=EvalsetSpec(), variants=VARIANTS, metrics=(), seed=seed, repeats=repeats,
        stop_early=stop_early,
    )  # fmt: skip
    return plan(experiment, Evalset(name="e", partitions=rows), selection or Selection())


@given(golden=st.integers(1, 60), edge=st.integers(1, 30), repeats=st.integers(1, 3), seed=st.integers())
def test_each_look_comes_after_its_share_of_every_partition(
    golden: int, edge: int, repeats: int, seed: int
) -> None:
    """By look t exactly ⌈t·n⌉ examples of each partition were asked, all variants and repeats of each; all trials, once."""
    trials = planned(golden, edge, repeats, seed)
    assert [trial.look for trial in trials] == sorted(trial.look for trial in trials)
    for look, share in enumerate(LOOKS, 1):
        reached = [trial for trial in trials if trial.look <= look]
        asked = Counter((trial.partition, trial.example_id) for trial in reached)
        assert set(asked.values()) == {2 * repeats}
        sizes = Counter(partition for partition, _ in asked)
        assert sizes == {name: ceil(share * n - 1e-9) for name, n in (("golden", golden), ("edge", edge))}
    assert len({trial.key for trial in trials}) == len(trials) == 2 * repeats * (golden + edge)


def test_a_block_is_all_repeats_of_one_example() -> None:
    """Repeat by repeat, all variants in an order of their own; partitions are mixed."""
    trials = planned(30, 30, repeats=2)
    blocks = [trials[at : at + 4] for at in range(0, len(trials), 4)]
    for block in blocks:
        assert len({trial.example_id for trial in block}) == 1
        assert [trial.repeat for trial in block] == [0, 0, 1, 1]
    first = [block[0].partition for block in blocks[:12]]
    assert first not in (["golden"] * 6 + ["edge"] * 6, ["edge"] * 6 + ["golden"] * 6)


def test_what_is_asked_first_is_drawn_by_the_seed() -> None:
    """Not by the order of the file: the first look is a random sample, the same for the same seed."""
    first = [trial.example_id for trial in planned(50, 1) if trial.look == 1 and trial.partition == "golden"]
    assert sorted(set(first)) != [f"g-{n}" for n in range(10)]
    assert planned(50, 1) == planned(50, 1)
    assert planned(50, 1) != planned(50, 1, seed=8)


def test_a_part_of_the_plan_has_looks_of_its_own() -> None:
    """Where only some trials may run, a look is a share of these."""
    only = frozenset(("rag", "golden", f"g-{n}", 0) for n in range(0, 50, 5))
    trials = planned(50, 5, selection=Selection(only=only))
    assert Counter(trial.look for trial in trials) == dict.fromkeys(range(1, 6), 2)


def test_a_run_to_the_end_has_no_looks() -> None:
    """And its order is what it was."""
    assert {trial.look for trial in planned(20, 5, stop_early=False)} == {0}
