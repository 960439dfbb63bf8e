"""What a look makes of the variants of a run: who is decided, who is needed by whom, and when all is over."""

from harness.flow.decide import decide
from harness.types.experiment import Gate
from harness.types.run import Manifest
from harness.types.summary import Verdict

QUALITY = Gate(metric="right", versus="control", margin=0.05)
CERTIFICATE = Gate(metric="schema_failure_rate", certify_below=0.01)
COVERAGE = Gate(metric="coverage", at_least=0.9)


def manifest(*gates, variants=("plain", "rag", "tuned"), candidates=("rag", "tuned"), **more):
    """Of a run whose control is `plain`."""
    return Manifest(
        id="r", experiment="x", config_file="", config={}, config_digest="", evalset_digest="", digests={}, started_at="",
        seed=0, concurrency=1, timeout_s=30.0, control="plain", layers={}, plan={name: {"golden": 500} for name in variants},
        metrics=(), live={}, schema=None, gates=gates, candidates=candidates, **more,
    )  # fmt: skip


def verdict(variant, verdict, gate=QUALITY):
    """Of one gate."""
    return Verdict(
        gate=str(gate), variant=variant, verdict=verdict, value=0.0, ci=(None, None), bound=0.0, why="so it is",
        counts={"pass": "pass", "fail": "fail"}.get(verdict, "warn"),
    )  # fmt: skip


def decisions(held, verdicts=(), standing=(), fallen=None, running=None):
    """Variant → decision."""
    ruled = decide(held, tuple(running or held.plan), verdicts, standing, fallen or {})
    return {variant: decision for variant, (decision, _) in ruled.items()}


def test_a_failed_gate_is_enough_and_a_passed_one_is_not() -> None:
    """Hopeless with the first that fails; shown only with all passed; the control goes on for who is undecided."""
    held = manifest(QUALITY, Gate(metric="right", at_least=0.5))
    found = [verdict("rag", "fail"), verdict("rag", "pass"), verdict("tuned", "pass")]
    assert decisions(held, [*found, verdict("tuned", "inconclusive")]) == {
        "plain": "go on",
        "rag": "hopeless",
        "tuned": "go on",
    }
    assert decisions(held, [*found, verdict("tuned", "pass")]) == {
        "plain": "not needed",
        "rag": "hopeless",
        "tuned": "shown",
    }


def test_the_reason_is_the_gate_that_failed() -> None:
    """In its own words."""
    assert decide(manifest(QUALITY), ["rag"], [verdict("rag", "fail")], (), {})["rag"] == (
        "hopeless",
        "right on golden no worse than control by 0.05: so it is",
    )


def test_who_is_decided_goes_on_for_who_is_held_against_it() -> None:
    """A shown variant that another one's gate names is asked until that one is decided."""
    held = manifest(QUALITY, Gate(metric="right", versus="rag", variant="tuned"))
    found = [verdict("rag", "pass"), verdict("tuned", "pass"), verdict("tuned", "inconclusive")]
    ruled = decide(held, tuple(held.plan), found, (), {})
    assert ruled["rag"][0] == "go on"
    assert ruled["rag"][1].startswith("shown by itself")
    assert decisions(held, [verdict("tuned", "fail")], running=("plain", "tuned"))["plain"] == "not needed"


def test_what_waits_for_the_end_fails_nothing_and_keeps_from_being_shown() -> None:
    """A coverage that stands below its bound stops nobody, and lets nobody stop; a certificate is won at the end only."""
    held, found = manifest(QUALITY, COVERAGE), [verdict("rag", "pass"), verdict("tuned", "pass")]
    standing = [verdict("rag", "fail", COVERAGE), verdict("tuned", "pass", COVERAGE)]
    assert decisions(held, found, standing) == {"plain": "go on", "rag": "go on", "tuned": "shown"}
    assert set(decisions(manifest(QUALITY, CERTIFICATE), found).values()) == {"go on"}


def test_a_count_of_failures_decides_alone() -> None:
    """Whatever other gates would say; the others are neither shown nor hopeless for want of verdicts."""
    held = manifest(QUALITY, CERTIFICATE)
    assert decisions(held, fallen={"rag": "2 of 40"}) == {
        "plain": "go on",
        "rag": "hopeless",
        "tuned": "go on",
    }
    over = decisions(held, fallen={"rag": "2 of 40", "tuned": "3 of 50"})
    assert over == {"plain": "not needed", "rag": "hopeless", "tuned": "hopeless"}


def test_a_variant_without_a_gate_goes_on_while_another_is_undecided() -> None:
    """It decides nothing, and is asked for its figures as long as the run goes on."""
    held = manifest(QUALITY, candidates=("rag",))
    assert decisions(held, [verdict("rag", "inconclusive")])["tuned"] == "go on"
    assert decisions(held, [verdict("rag", "pass")])["tuned"] == "not needed"


def test_an_aid_goes_on_with_what_it_serves() -> None:
    """And ends with it, though others go on."""
    names = ("plain", "rag", "tuned", "rag-oracle")
    aids = {"aid": {"rag-oracle": "oracle"}, "aided": {"rag": {"oracle": "rag-oracle"}}}
    held = manifest(QUALITY, variants=names, **aids)
    undecided = verdict("tuned", "inconclusive")
    assert decisions(held, [verdict("rag", "inconclusive"), undecided])["rag-oracle"] == "go on"
    assert decisions(held, [verdict("rag", "fail"), undecided])["rag-oracle"] == "not needed"
    assert (
        decisions(held, [undecided], running=("plain", "tuned", "rag-oracle"))["rag-oracle"] == "not needed"
    )


def test_without_a_gate_that_binds_nothing_stops() -> None:
    """Advisory gates, and gates on variants that this run does not ask, decide on nobody."""
    idle = Gate(metric="right", at_least=0.5, advisory=True)
    elsewhere = Gate(metric="right", at_least=0.5, variant="old")
    assert set(decisions(manifest(idle, elsewhere)).values()) == {"go on"}
