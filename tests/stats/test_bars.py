"""Every promise of the statistics is kept on samples from a known truth, and methods known to fail miss the same bars.

Exact where all counts can be enumerated; elsewhere from fixed seeds, within two standard errors of so many runs.
`benchmarks/coverage_of_methods.py` prints all of them at full size.
"""

import subprocess
import sys
from functools import cache, partial
from pathlib import Path

import numpy as np
import pytest

from harness.stats.paired import GATE_WEIGHT, REPORT_WEIGHT
from harness.stats.ratios import geometric_ratio, quantile_ratio

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
with pytest.MonkeyPatch.context() as patch:
    patch.syspath_prepend(str(BENCHMARKS))
    import coverage_of_methods as methods
    import simulated_truths as simulated

RUNS = 1000


@cache
def _figure(bar) -> float:
    """What so many runs give; once."""
    return bar.figure(bar.runs(RUNS))


@pytest.mark.parametrize("bar", methods.BARS, ids=lambda bar: bar.name)
def test_a_promise_is_kept(bar):
    """The figure meets its bar."""
    figure = _figure(bar)
    assert bar.holds(figure, bar.runs(RUNS)), f"{bar.claim}: {figure:.2f}, promised {bar.promise}"


@pytest.mark.parametrize("bar", methods.CONTROLS, ids=lambda bar: f"{bar.name}: {bar.claim}")
def test_a_method_known_to_fail_misses_the_same_bar(bar):
    """The bar can be missed: it is no formality."""
    assert not bar.holds(_figure(bar), bar.runs(RUNS))


PAGE = (Path(__file__).parents[2] / "docs" / "statistics.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "bar", [*methods.BARS, *methods.CONTROLS], ids=lambda bar: f"{bar.name}: {bar.claim}"
)
def test_the_page_tells_what_was_measured(bar):
    """A row of docs/statistics.md for each: the promise, and a figure that a smaller sample agrees with."""
    rows = [
        line for line in PAGE.splitlines() if line.startswith(f"| {bar.name} | {bar.claim} | {bar.promise} |")
    ]
    assert len(rows) == 1
    printed = float(rows[0].split("|")[4])
    runs = bar.runs(RUNS)
    error = 0.0051 if bar.exact else 4 * 100 * (max(printed / 100 * (1 - printed / 100), 0.002) / runs) ** 0.5
    assert _figure(bar) == pytest.approx(printed, abs=error)


def test_the_limits_that_the_page_tells():
    """Where the methods cover less than they should, by how much: in words there, measured here."""
    assert simulated.cost_coverage(RUNS, n=20) == pytest.approx(92, abs=2)
    assert simulated.ceiling_coverage(methods.wilson_effective, RUNS, n=30) == pytest.approx(93.5, abs=2)
    report = simulated.graded_gate_error(REPORT_WEIGHT, RUNS, n=100)
    assert report == pytest.approx(7.4, abs=2)
    assert report > 2 * simulated.graded_gate_error(GATE_WEIGHT, RUNS, n=100)


def test_without_its_pair_a_score_near_the_ceiling_is_too_sure():
    """Wilson on an effective n alone covers some kinds of loss in 80 %."""
    bare = partial(methods.wilson_effective, pair=0.0)
    assert simulated.ceiling_coverage(bare, RUNS, n=50) == pytest.approx(81, abs=4)


@pytest.mark.parametrize(("n", "points"), [(50, 7.3), (100, 5.1), (300, 2.9)])
def test_the_best_of_several_looks_better_than_it_is(n, points):
    """By so many points, of six equal ones."""
    assert simulated.winners_excess(RUNS, n=n) == pytest.approx(points, abs=0.3)


@pytest.mark.parametrize(("q", "percent"), [(0.5, 15), (0.95, 29), (None, 10)])
def test_how_far_a_ratio_of_times_reaches(q, percent):
    """Half of the interval's width at n = 100, in the median."""
    wide = []
    for a, b in zip(*simulated.times(100, 100), strict=True):
        found = geometric_ratio(a, b) if q is None else quantile_ratio(a[:, None], b[:, None], q)
        wide.append((found.ci[1] / found.ci[0]) ** 0.5)
    assert 100 * (np.median(wide) - 1) == pytest.approx(percent, abs=2.5)


def test_every_bar_can_be_missed_at_either_end():
    """No bar lacks a promise, and none holds whatever comes."""
    for bar in methods.BARS:
        missed = [bar.holds(figure, RUNS) for figure in (-1.0, 101.0)]
        assert False in missed, bar.name


def test_what_a_group_sequential_gate_spends_is_the_normal_theorys():
    """Bounds for looks at 100, 200, … pairs: the chance of a false failure by each look is what was to be spent, ± 1 point."""
    found = simulated.stopped(4000, 0.0, 5, simulated.bounds())
    assert found.failed == pytest.approx(5, abs=1)
    assert found.failed + found.passed <= 100


def test_the_benchmark_prints_its_table():
    """It names each bar with what was promised and what was got, and ends with 0 where all is as it should be."""
    command = [sys.executable, str(BENCHMARKS / "coverage_of_methods.py"), "--runs", "200", "--only", "B3"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert "B3 n=50" in done.stdout
    assert "4.62" in done.stdout
