"""Whether two sides were judged by the same measure: what was not is no comparison."""

from collections.abc import Iterable, Iterator

from harness.errors import Fault
from harness.flow.compare.drafts import COST, SCHEMA
from harness.flow.compare.pairs import Pair
from harness.types.comparison import Terms
from harness.types.summary import Notice


def differing(pairs: Iterable[Pair], terms: Terms) -> tuple[Fault, ...]:
    """Name every metric that was judged differently on both sides, and a deciding metric that one side does not know."""
    found: dict[str, Fault] = {}
    for pair in pairs:
        for what in _differing(pair, terms):
            where = f"{pair.a.run} and {pair.b.run}" if pair.apart else f"{pair.a.run}, judged twice"
            found.setdefault(what, Fault(where=where, what=what, next=_NEXT))
    return tuple(found.values())


_NEXT = "score both runs by one config (harness score RUN --config FILE), or compare all the same: --force"


def _differing(pair: Pair, terms: Terms) -> Iterator[str]:
    for metric in terms.better:
        if metric in pair.a.marks and metric in pair.b.marks and _differs(pair, metric):
            yield f"metric '{metric}' was judged by another scorer, judge or options"
    if SCHEMA in pair.a.marks and SCHEMA in pair.b.marks and _differs(pair, "schema"):
        yield f"the answer schema differs, and {SCHEMA} with it"
    for side in (pair.a, pair.b) if pair.apart else ():
        if terms.primary is not None and terms.primary not in side.marks:
            yield f"{side.run} has no metric '{terms.primary}', which decides"


def _differs(pair: Pair, key: str) -> bool:
    """What one side does not tell is not known to differ."""
    told = pair.a.identity.get(key), pair.b.identity.get(key)
    return all(told) and told[0] != told[1]


def blocked(pair: Pair, terms: Terms) -> frozenset[str]:
    """The metrics of a pair that are not compared: costs where the same variant was priced differently."""
    namesakes = pair.apart and pair.a.variant == pair.b.variant
    return (
        frozenset({COST, *terms.costs})
        if namesakes and _differs(pair, "prices") and not terms.force
        else frozenset()
    )


def identity_notices(pairs: Iterable[Pair], terms: Terms) -> tuple[Notice, ...]:
    """Say what is not quite alike on both sides and was compared all the same."""
    told = tuple(pairs)
    apart = [pair for pair in told if pair.apart]
    notices = [
        Notice(code="forced", message=f"compared by force: {fault.what}") for fault in differing(told, terms)
    ]
    dear = [pair.a.variant for pair in apart if _differs(pair, "prices") and pair.a.variant == pair.b.variant]
    if dear:
        said = (
            "compared by force"
            if terms.force
            else "not compared; score both runs by one price list, or --force"
        )
        names = ", ".join(dict.fromkeys(dear))
        notices.append(
            Notice(
                code="prices_differ",
                message=f"prices, or the models that they are of, differ for {names}: the cost is {said}",
            )
        )
    versions = {(pair.a.version, pair.b.version) for pair in apart if pair.a.version != pair.b.version}
    notices += [
        Notice(
            code="versions_differ",
            message=f"judged by two versions of the harness: {a or 'unknown'} and {b or 'unknown'}",
        )
        for a, b in sorted(versions)
    ]
    if any(pair.a.times and pair.b.times for pair in apart):
        notices.append(Notice(code="times_apart", message=_APART))
    return tuple(notices)


_APART = (
    "the runs were not measured side by side: that one took longer may be the hour's doing, so that no time is called "
    "better or worse"
)
