"""The server whose truth is known says the truth of itself, and the bars that it is held to can be missed."""

import json
import math
from itertools import islice, pairwise
from pathlib import Path
from statistics import fmean, median, quantiles, stdev

import pytest
from scipy.stats import binom

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture
def scripted(monkeypatch):
    """The server's module."""
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    import scripted_server

    return scripted_server


@pytest.fixture
def runs(monkeypatch):
    """What the benchmarks of truth share."""
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    import scripted_runs

    return scripted_runs


def asked(site, model, count, times=1):
    """What is answered to so many questions: (fields right, None where broken; tokens; milliseconds) each."""
    wanted = {"one": "amber", "two": "birch", "three": "cedar"}
    found = []
    for number in range(count):
        question = f"q-{number} {json.dumps(wanted)}"
        for _ in range(times):
            _, answer = site.answer({"model": model, "messages": [{"content": question}]})
            body = json.loads(answer.data.partition(b"\r\n\r\n")[2])
            text = body["choices"][0]["message"]["content"]
            said = json.loads(text) if text.startswith("{") else None
            right = None if said is None else sum(said[name] == wanted[name] for name in wanted)
            found.append((right, body["usage"]["completion_tokens"], answer.delay_s * 1000))
    return found


@pytest.mark.parametrize("by_field", [False, True])
def test_what_is_answered_is_what_the_law_says(scripted, by_field):
    """Accuracy, broken answers, tokens, P50 and P95 of 20,000 answers are the law's, within four standard errors."""
    law = scripted.Law(
        right=(0.1, 0.8), by_field=by_field, broken=0.1, median_ms=40, tokens_median=3, alike=0.4
    )
    count = 20_000
    found = asked(scripted.Site({"m": law}, None), "m", count)
    for values, truth in (
        ([(right or 0) / 3 for right, _, _ in found], law.accuracy),
        ([float(right is None) for right, _, _ in found], law.broken),
        ([tokens for _, tokens, _ in found], law.tokens),
    ):
        assert fmean(values) == pytest.approx(truth, abs=4 * stdev(values) / math.sqrt(count))
    times = [ms for _, _, ms in found]
    for q, at in ((0.5, median(times)), (0.95, quantiles(times, n=20)[-1])):
        below = fmean(ms <= law.quantile_ms(q) for ms in times)
        assert below == pytest.approx(q, abs=4 * math.sqrt(q * (1 - q) / count))
        assert at == pytest.approx(law.quantile_ms(q), rel=0.03)
    if not by_field:
        assert {right for right, _, _ in found} == {None, 0, 3}


def test_two_models_disagree_on_just_what_was_planted(scripted):
    """Where draws are the question's own, each is right alone on the difference of their ranges, and repeats are alike."""
    laws = {
        "a": scripted.Law(right=(0.0, 0.8), alike=1),
        "b": scripted.Law(right=(0.15, 0.85), alike=1),
    }
    count = 10_000
    a, b = (asked(scripted.Site(laws, None), model, count) for model in laws)
    only_a = fmean(one[0] > two[0] for one, two in zip(a, b, strict=True))
    only_b = fmean(one[0] < two[0] for one, two in zip(a, b, strict=True))
    assert only_a == pytest.approx(0.15, abs=4 * math.sqrt(0.15 * 0.85 / count))
    assert only_b == pytest.approx(0.05, abs=4 * math.sqrt(0.05 * 0.95 / count))
    again = asked(scripted.Site(laws, None), "a", 50, times=2)
    assert again[::2] == again[1::2]


def test_the_order_of_requests_does_not_matter(scripted):
    """The same questions backwards are answered alike; asked a second time they are answered by another draw."""
    law = {"m": scripted.Law()}
    questions = [f'q-{number} {{"one": "amber"}}' for number in range(20)]

    def told(site, order):
        return {
            text: site.answer({"model": "m", "messages": [{"content": text}]})[1].delay_s for text in order
        }

    site = scripted.Site(law, None)
    first = told(site, questions)
    assert first == told(scripted.Site(law, None), reversed(questions))
    assert not set(first.values()) & set(told(site, questions).values())


def test_the_load_wanders_as_it_says(scripted):
    """Its standard deviation and the correlation of neighbours are those that are asked for."""
    levels = list(islice(scripted.Load(sd=0.25, keeps=0.9).levels(), 50_000))
    assert stdev(levels) == pytest.approx(0.25, rel=0.05)
    moved = fmean(one * two for one, two in pairwise(levels)) / 0.25**2
    assert moved == pytest.approx(0.9, rel=0.06)


def test_a_bar_is_missed_by_whoever_lies_under_it(runs):
    """With no allowance the bar is the share itself; with one, just the bar misses it seldom, and 70 % nearly always."""
    assert runs.fewest_hits(1000, 0.93) == 930
    fewest = runs.fewest_hits(100, 0.93, 1e-4)
    assert binom.cdf(fewest - 1, 100, 0.93) <= 1e-4 < binom.cdf(fewest, 100, 0.93)
    assert binom.cdf(fewest - 1, 100, 0.7) > 0.99
    assert list(runs.seeds("3-5")) == [3, 4, 5]
    assert list(runs.seeds("7")) == [7]
