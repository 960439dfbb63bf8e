"""A metric that every example has a mark of: shares, costs, and the facts that a config declares."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from harness.flow.compare.drafts import COVERAGE, Draft, blank
from harness.flow.compare.pairs import Pair
from harness.stats.paired import ADJUSTED_T, REPORT_WEIGHT, TANGO, Effect, amount_effect, share_effect
from harness.stats.power import detectable_mean, detectable_observed
from harness.types.comparison import Terms
from harness.types.summary import Comparison

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_ONE_SIDED_95 = 0.90
"""Confidence of the two-sided interval whose lower end is the one-sided 95 % bound."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Marks:
    """One metric of both sides where both have a value."""

    a: "NDArray[np.float64]"
    b: "NDArray[np.float64]"
    ids: tuple[str, ...]
    tags: tuple[tuple[str, ...], ...]
    share: bool
    """Values in [0, 1]; else a quantity in a unit of its own."""
    sign: int
    """1 where more is better, else -1."""

    def effect(self, *, confidence: float = 0.95) -> Effect:
        """The difference a - b by the method that fits the metric."""
        return self._of(self.a, self.b, confidence)

    def p_worse(self) -> float | None:
        """One-sided, of a being as good as b or better: small where a is shown to be worse."""
        first, second = (self.a, self.b) if self.sign > 0 else (self.b, self.a)
        return self._of(first, second, 0.95).p_below

    def floor(self) -> float | None:
        """One-sided 95 % lower bound of how much better a is."""
        low, high = self.effect(confidence=_ONE_SIDED_95).ci
        return low if self.sign > 0 else None if high is None else -high

    def better(self) -> "NDArray[np.float64]":
        """How much better a is on each example."""
        return self.sign * (self.a - self.b)

    def lost(self) -> tuple[str, ...]:
        """Ids of the examples on which a is worse."""
        return self._ids(self.better() < 0)

    def won(self) -> tuple[str, ...]:
        """Ids of the examples on which a is better."""
        return self._ids(self.better() > 0)

    def tagged(self, tag: str) -> "Marks":
        """Only the examples that carry a tag."""
        kept = [place for place, tags in enumerate(self.tags) if tag in tags]
        return replace(
            self,
            a=self.a[kept],
            b=self.b[kept],
            ids=tuple(self.ids[place] for place in kept),
            tags=tuple(self.tags[place] for place in kept),
        )

    def detectable(self, found: Effect) -> float | None:
        """The smallest true difference that these examples show with 80 % power, as far as they disagree or spread."""
        import numpy as np

        spread = self.a - self.b
        if found.method == TANGO:
            return detectable_observed(found.n, (found.wins + found.losses) / found.n) if found.n else None
        if found.method == ADJUSTED_T:
            spread = np.append(spread, (REPORT_WEIGHT, -REPORT_WEIGHT))
        return detectable_mean(found.n, float(spread.std(ddof=1))) if found.n > 1 else None

    def _of(self, a: "NDArray[np.float64]", b: "NDArray[np.float64]", confidence: float) -> Effect:
        if self.share:
            return share_effect(a, b, confidence=confidence, weight=REPORT_WEIGHT)
        return amount_effect(a, b, confidence=confidence)

    def _ids(self, held: "NDArray[np.bool_]") -> tuple[str, ...]:
        return tuple(id_ for id_, kept in zip(self.ids, held, strict=True) if kept)


def marks_of(pair: Pair, metric: str, terms: Terms) -> Marks:
    """Take one metric of a pair, where both sides have a value."""
    import numpy as np

    a, b = pair.marks(metric)
    kept = np.flatnonzero(~(np.isnan(a) | np.isnan(b)))
    return Marks(
        a=a[kept],
        b=b[kept],
        ids=tuple(pair.ids[place] for place in kept),
        tags=tuple(pair.a.tags[pair.places[place][0]] for place in kept),
        share=metric in terms.shares,
        sign=1 if terms.better[metric] == "higher" else -1,
    )


def marked(pair: Pair, metric: str, terms: Terms) -> Draft:
    """Compare one metric of a pair by its examples' marks."""
    both = marks_of(pair, metric, terms)
    found = both.effect()
    better = both.better()
    made = replace(
        blank(pair, metric, found.method),
        difference=found.value,
        ci=found.ci,
        p=found.p,
        n=found.n,
        wins=int((better > 0).sum()),
        losses=int((better < 0).sum()),
        ties=int((better == 0).sum()),
        mde=both.detectable(found),
        family="primary" if metric == terms.primary else "descriptive",
        a_value=float(both.a.mean()) if found.n else None,
        b_value=float(both.b.mean()) if found.n else None,
        margin=terms.margins.get((metric, pair.a.partition)),
    )
    return Draft(made=_with_ids(made, pair, both, terms), sign=both.sign, floor=both.floor())


def _with_ids(made: Comparison, pair: Pair, both: Marks, terms: Terms) -> Comparison:
    """The examples by name, once: with the metric that decides, or with the coverage where nothing does."""
    if made.metric == terms.primary:
        made = replace(made, won=both.won(), lost=both.lost())
    elif terms.primary is not None or made.metric != COVERAGE:
        return made
    return replace(made, missing=pair.missing(made.metric), new=pair.new(made.metric), changed=pair.changed)
