"""From a reading to a verdict: fail only on evidence of worse, pass only on evidence of good enough, else inconclusive."""

from dataclasses import dataclass

from harness.flow.gate.case import Case, Reading
from harness.flow.gate.words import about, difference, examples, quantity
from harness.text.differences import probability
from harness.text.figures import count


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruling:
    """Whether a gate is kept, and why, in one sentence."""

    keeps: bool | None
    """None: inconclusive."""
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Tested:
    """What the p of a comparative gate comes to beside those of the others."""

    p: float | None = None
    """Adjusted; None where nothing was tested."""
    within: int = 1
    """How many were adjusted together."""
    shown: bool = False
    """True where the gate is shown to be broken."""


def ruling(case: Case, found: Reading, tested: Tested) -> Ruling:
    """Judge one reading."""
    if found.void or found.value is None:
        return Ruling(keeps=None, why=found.void or "it was not measured")
    match case.gate.kind:
        case "certificate":
            return _certificate(case, found)
        case "comparative" | "edge":
            return _by_difference(case, found, tested)
    return _by_point(case, found) if case.gate.judge == "point" else _by_bounds(case, found)


def _by_point(case: Case, found: Reading) -> Ruling:
    """A plain threshold: on the value, or on the observed difference."""
    if found.doubt:
        return Ruling(keeps=None, why=found.doubt)
    value, bound = found.value or 0.0, case.gate.bound
    keeps = value <= bound if case.gate.at_most is not None else value >= bound
    if case.gate.versus is not None and not case.gate.margin:
        keeps = value > 0
    if keeps and found.unable:
        return Ruling(keeps=None, why=found.unable)
    return Ruling(keeps=keeps, why="by the value alone, whatever its interval")


def _by_bounds(case: Case, found: Reading) -> Ruling:
    """Pass where the whole interval lies within the bound, fail where it lies beyond it."""
    (low, high), bound, upper = found.ci, case.gate.bound, case.gate.at_most is not None
    within = high is not None and high <= bound if upper else low is not None and low >= bound
    beyond = low is not None and low > bound if upper else high is not None and high < bound
    if within and not found.unable and (upper or not found.doubt):
        late = f", and it is no longer than measured ({found.doubt})" if found.doubt else ""
        return Ruling(keeps=True, why=f"{_shown(case, found, upper=upper)}{late}")
    if found.doubt:
        return Ruling(keeps=None, why=found.doubt)
    if beyond:
        return Ruling(keeps=False, why=_shown(case, found, upper=not upper))
    if within:
        return Ruling(keeps=None, why=found.unable)
    if (high is None if upper else low is None) and found.beside:
        return Ruling(keeps=None, why=found.beside)
    return Ruling(keeps=None, why=f"{_range(case, found)}{_advice(case, found)}")


def _shown(case: Case, found: Reading, *, upper: bool) -> str:
    if case.metric == "coverage":
        return found.beside
    end = found.ci[1] if upper else found.ci[0]
    return f"shown to be at {'most' if upper else 'least'} {quantity(case, end or 0.0)}, on {_sample(case, found)}"


def _range(case: Case, found: Reading) -> str:
    low, high = (None if end is None else quantity(case, end) for end in found.ci)
    said = f"between {low} and {high}" if low and high else f"at least {low}" if low else f"at most {high}"
    if low is None and high is None:
        return f"{_sample(case, found)} {'is' if found.n == 1 else 'are'} too few for any bound"
    return f"{_sample(case, found)} show it to be {said}"


def _sample(case: Case, found: Reading) -> str:
    if case.quantile is None:
        return examples(found.n)
    return f"{count(found.n)} sample{'' if found.n == 1 else 's'}"


def _certificate(case: Case, found: Reading) -> Ruling:
    low, high = (quantity(case, end or 0.0) for end in found.ci)
    if not found.unable:
        return Ruling(keeps=True, why=f"{found.beside}: shown to be at most {high}")
    if found.ci[0] is not None and found.ci[0] > case.gate.bound:
        return Ruling(keeps=False, why=f"{found.beside}: shown to be at least {low}")
    return Ruling(keeps=None, why=f"{found.beside}: at most {high}; {found.unable}")


def _by_difference(case: Case, found: Reading, tested: Tested) -> Ruling:
    if case.gate.judge == "point":
        return _by_point(case, found)
    if found.doubt:
        return Ruling(keeps=None, why=f"{found.doubt}{_advice(case, found)}")
    if tested.shown:
        return _broken(case, found, tested)
    low, bound = found.ci[0], case.gate.bound
    if low is None or low <= bound:
        return Ruling(keeps=None, why=f"{_counts(found)}{_reach(case, found)}{_advice(case, found)}")
    if found.unable:
        return Ruling(keeps=None, why=found.unable)
    beside = f"; {found.beside}" if found.beside else ""
    return Ruling(keeps=True, why=f"{_counts(found)}{_at_worst(case, found, low)}{beside}")


def _broken(case: Case, found: Reading, tested: Tested) -> Ruling:
    at = f"p {probability(found.p or 0.0)}"
    if tested.p is not None and tested.within > 1:
        at = f"{at}, {probability(tested.p)} over {tested.within} such verdicts"
    far = difference(case, found.value or 0.0)
    said = found.place or f"{_counts(found)}{far} worse than {found.versus}"
    if found.excused:
        return Ruling(keeps=None, why=f"{said} ({at}), but {found.excused}")
    return Ruling(keeps=False, why=f"{said}, which is shown ({at})")


def _counts(found: Reading) -> str:
    if found.wins is None or found.losses is None:
        return ""
    return f"{count(found.wins)} won and {count(found.losses)} lost of {count(found.n)}: "


def _at_worst(case: Case, found: Reading, low: float) -> str:
    if low == 0:
        return f"at worst as good as {found.versus}"
    if low > 0 and case.gate.margin:
        return f"at worst {difference(case, low)} better than {found.versus}"
    if low > 0:
        return f"shown to be better than {found.versus} by {difference(case, low)} or more"
    return f"at worst {difference(case, low)} worse than {found.versus}"


def _reach(case: Case, found: Reading) -> str:
    low, high = found.ci
    if low is None or high is None:
        return f"{examples(found.n)} are too few for any bound"
    ends = [f"{difference(case, end)} {'worse' if end < 0 else 'better'}" for end in (low, high)]
    return f"anything from {ends[0]} to {ends[1]} is possible"


def _advice(case: Case, found: Reading) -> str:
    """What so many examples could have shown, and how many would decide it."""
    seen = (
        "" if found.mde is None else f"; {examples(found.n)} show no less than {difference(case, found.mde)}"
    )
    if found.enough is None:
        return seen
    thing = "samples" if case.quantile is not None and case.gate.kind == "absolute" else "examples"
    supposed = "were both equal" if found.equal else "if it stays so"
    return f"{seen}; about {about(found.enough)} {thing} would decide it, {supposed}"
