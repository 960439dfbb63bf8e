"""Every promise of the statistics is kept on samples from a known truth, and methods known to fail miss the same bars.

Exact where all counts can be enumerated; elsewhere from fixed seeds, within two standard errors of so many runs.
`benchmarks/coverage_of_methods.py` prints all of them at full size.
"""

import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
with pytest.MonkeyPatch.context() as patch:
    patch.syspath_prepend(str(BENCHMARKS))
    import coverage_of_methods as methods
    import simulated_truths as simulated

RUNS = 1000


@pytest.mark.parametrize("bar", methods.BARS, ids=lambda bar: bar.name)
def test_a_promise_is_kept(bar):
    """The figure meets its bar."""
    runs = bar.runs(RUNS)
    figure = bar.figure(runs)
    assert bar.holds(figure, runs), f"{bar.claim}: {figure:.2f}, promised {bar.promise}"


@pytest.mark.parametrize("bar", methods.CONTROLS, ids=lambda bar: f"{bar.name}: {bar.claim}")
def test_a_method_known_to_fail_misses_the_same_bar(bar):
    """The bar can be missed: it is no formality."""
    runs = bar.runs(RUNS)
    assert not bar.holds(bar.figure(runs), runs)


def test_every_bar_can_be_missed_at_either_end():
    """No bar lacks a promise, and none holds whatever comes."""
    for bar in methods.BARS:
        missed = [bar.holds(figure, RUNS) for figure in (-1.0, 101.0)]
        assert False in missed, bar.name


def test_what_a_group_sequential_gate_spends_is_the_normal_theorys():
    """Bounds for looks at 100, 200, … pairs: the chance of a false failure by each look is what was to be spent, ± 1 point."""
    found = simulated.stopped(4000, 0.0, 5, methods.simulated.bounds())
    assert found.failed == pytest.approx(5, abs=1)
    assert found.failed + found.passed <= 100


def test_the_benchmark_prints_its_table():
    """It names each bar with what was promised and what was got, and ends with 0 where all is as it should be."""
    command = [sys.executable, str(BENCHMARKS / "coverage_of_methods.py"), "--runs", "200", "--only", "B3"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert "B3 n=50" in done.stdout
    assert "4.62" in done.stdout
