"""The pytest plugin: gates as tests, a fixture that runs experiments, and nothing for those who ask for neither."""

import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import orjson
import pytest

from tests.text.made_verdicts import ADVISORY, INCONCLUSIVE, UNDECIDED, compared, summary, verdict

pytest_plugins = ["pytester"]

MODULE = "harness.cli.pytest_plugin"
LOADED = any(point.value == MODULE for point in entry_points(group="pytest11"))
PLUGIN = ("-W", "error", *(() if LOADED else ("-p", MODULE)))
"""By the entry point where the package is installed with it."""


def run_folder(root, made, name="20260102T030405Z-support-triage-1a2b3c4d"):
    """A folder as a run leaves it, as far as the plugin reads it."""
    folder = root / "results" / name
    folder.mkdir(parents=True)
    (folder / "manifest.json").write_text("{}")
    (folder / "summary.json").write_bytes(orjson.dumps(made, option=orjson.OPT_NON_STR_KEYS))
    (root / "results" / "latest").write_text(f"{name}\n")
    return folder


@pytest.fixture
def four(pytester):
    """A run with a gate of each kind."""
    made = summary(
        verdict(),
        compared(),
        verdict(gate="latency_p95_ms on golden at most 400", why="the bound lies inside", **INCONCLUSIVE),
        verdict(gate="answer on golden at least 0.9 (advisory)", why="shown to be lower", **ADVISORY),
    )
    return run_folder(pytester.path, made)


def outcomes(result):
    """How many tests ended how."""
    return {how: number for how, number in result.parseoutcomes().items() if not how.startswith("warning")}


def test_each_gate_is_a_test_though_there_is_no_test_file(pytester, four):
    """A pass passes, a failure fails, inconclusive is skipped with the reason, an advisory failure is expected."""
    result = pytester.runpytest_inprocess(*PLUGIN, "--harness", "results/latest", "-rsx", "-v")
    assert outcomes(result) == {"passed": 1, "failed": 1, "skipped": 1, "xfailed": 1}
    assert result.ret == 1
    result.stdout.fnmatch_lines([
        "SKIPPED * inconclusive: the bound lies inside",
        "XFAIL harness::answer on golden at least 0.9 (advisory)[[]rag[]] - advisory: shown to be lower",
    ])  # fmt: skip


def test_a_failure_says_what_it_stands_on_and_where_to_look(pytester, four):
    """Figures, bounds, flipped examples, and the command that shows the first of them; no traceback."""
    result = pytester.runpytest_inprocess(*PLUGIN, "--harness", str(four))
    result.stdout.fnmatch_lines([
        "*answer on edge no worse than plain by 0.05*",
        "gate failed: rag: answer on edge no worse than plain by 0.05",
        "it is shown to be worse",
        "measured: -15.0 [[]-23.0, -7.1[]] points, one-sided 95 % bounds, n = 60",
        "worse on: e-00, e-01, *",
        f"look: harness show {four} --variant rag --example e-00",
    ])  # fmt: skip
    assert "pytest_plugin.py" not in result.stdout.str()


def test_workers_collect_the_same_tests(pytester, four):
    """Under xdist every worker has the same items with the same ids, and each is run once."""
    result = pytester.runpytest_inprocess(*PLUGIN, "--harness", "latest", "-n", "2")
    assert outcomes(result) == {"passed": 1, "failed": 1, "skipped": 1, "xfailed": 1}


def test_ids_name_gate_and_variant_and_can_be_chosen(pytester, four):
    """`harness::GATE[variant]`, the same in every run of an experiment; -k and -m choose among them and other tests."""
    pytester.makepyfile("def test_own(): pass")
    listed = pytester.runpytest_inprocess(*PLUGIN, "--harness", "latest", "--collect-only", "-q")
    assert "harness::answer on golden at least 0.8[rag]" in listed.outlines
    assert "test_ids_name_gate_and_variant_and_can_be_chosen.py::test_own" in listed.outlines
    only = pytester.runpytest_inprocess(*PLUGIN, "--harness", "latest", "-m", "harness", "--strict-markers")
    assert outcomes(only) == {"passed": 1, "failed": 1, "skipped": 1, "xfailed": 1, "deselected": 1}
    one = pytester.runpytest_inprocess(*PLUGIN, "--harness", "latest", "-k", "edge")
    assert outcomes(one) == {"failed": 1, "deselected": 4}


def test_several_runs_are_told_apart(pytester, four):
    """Each run's gates stand under its id."""
    run_folder(pytester.path, summary(verdict(), verdict()), "20260103T000000Z-other")
    result = pytester.runpytest_inprocess(
        *PLUGIN, "--harness", four.name, "--harness", "latest", "--collect-only", "-q"
    )
    assert "harness/20260103T000000Z-other::answer on golden at least 0.8[rag] #2" in result.outlines
    assert f"harness/{four.name}::answer on golden at least 0.8[rag]" in result.outlines


def test_what_must_be_decided_and_is_not_fails(pytester):
    """A gate with `inconclusive: fail` fails, and so does a run in which planned trials were never tried."""
    made = summary(verdict(why="only 12 samples", **UNDECIDED), verdict(gate="b"), complete=False)
    run_folder(pytester.path, made)
    result = pytester.runpytest_inprocess(*PLUGIN, "--harness", "latest")
    assert outcomes(result) == {"failed": 2, "passed": 1}
    result.stdout.fnmatch_lines([
        "gate could not be decided: rag: answer on golden at least 0.8",
        "only 12 samples",
        "*the run can be decided on*",
        "planned trials were never tried",
    ])  # fmt: skip


@pytest.mark.parametrize("named", ["nothing", "results/none"])
def test_a_run_that_is_not_there_is_a_wrong_request(pytester, four, named):
    """Exit 4, and the line says which runs there are; silence would look like a pass."""
    result = pytester.runpytest_inprocess(*PLUGIN, "--harness", named)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        [f"ERROR: --harness {named}: no such run; the newest in results: {four.name}"]
    )


def test_a_run_without_verdicts_is_a_wrong_request(pytester):
    """No gate at all is no green."""
    run_folder(pytester.path, summary())
    result = pytester.runpytest_inprocess(*PLUGIN, "--harness", "latest")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: --harness latest: the run has no verdict of any gate; *"])


def test_the_fixture_runs_an_experiment_once_for_the_same_arguments(pytester, desk, echo):
    """`harness_run` hands back summary, gates, folder and exit code; the same arguments are run once a session."""
    config = desk.experiment(pytester.path / "x", echo.url, more=GATES)
    pytester.makepyfile(f"""
        CONFIG = {str(config)!r}

        def test_a(harness_run):
            run = harness_run(CONFIG, limit=4, variants=["plain"], partitions=["golden"], sets=["seed=5"])
            assert run.exit_code == 0
            assert run.summary.run.seed == 5
            assert run.summary.variants["plain"].partitions["golden"].trials == 4
            assert (run.folder / "junit.xml").is_file()
            assert [one.verdict for one in run.gates] == ["pass"]
            assert harness_run(CONFIG, limit=4, variants=["plain"], partitions=["golden"], sets=["seed=5"]) is run

        def test_b(harness_run, tmp_path):
            run = harness_run(CONFIG, limit=4, out=tmp_path, sets=["gates=[{{metric: right, at_least: 0.99, judge: point}}]"])
            assert run.exit_code == 1
            assert run.folder.parent == tmp_path
            assert harness_run(CONFIG, limit=4, variants=["plain"], partitions=["golden"], sets=["seed=5"]).exit_code == 0

        def test_c(harness_run):
            harness_run(CONFIG, variants=["plane"])
    """)
    before = sum(echo.asked().values())
    result = pytester.runpytest_inprocess(*PLUGIN, "-p", "no:cacheprovider")
    assert outcomes(result) == {"passed": 2, "failed": 1}, result.stdout.str()
    result.stdout.fnmatch_lines(["harness run ended in 2:", "error: --variants: *did you mean 'plain'*"])
    # Warm-ups among them: one variant on 4 examples, then two on 4 golden and 4 edge.
    assert sum(echo.asked().values()) - before == 1 + 4 + 2 * (1 + 8)


GATES = """\
gates:
  - {metric: right, at_least: 0.5, variant: plain, judge: point}
"""


def test_who_asks_for_nothing_loads_nothing():
    """The plugin is in every pytest of the environment: importing it loads neither the harness nor a heavy library."""
    script = (
        "import sys, pytest\n"
        "before = set(sys.modules)\n"
        f"import {MODULE}\n"
        "print(*sorted(name for name in set(sys.modules) - before if name not in sys.stdlib_module_names))"
    )
    told = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert told.stdout.split() == ["harness", "harness.cli", MODULE]


def test_a_pytest_that_asks_for_nothing_is_as_it_was(pytester: pytest.Pytester) -> None:
    """No test is added, and an empty folder still ends in `no tests collected`."""
    assert pytester.runpytest_inprocess(*PLUGIN).ret == pytest.ExitCode.NO_TESTS_COLLECTED
    assert not Path("results").exists()
