"""A gate that certifies: the count of examples that failed shows their rate to lie below a bound, or does not."""

from harness.flow.gate.absolute import values
from harness.flow.gate.case import Case, Reading
from harness.stats.certificates import allowed, needed
from harness.stats.one_sided import share_bounds
from harness.stats.rates import clopper_pearson_upper
from harness.text.figures import count


def certificate(case: Case) -> Reading:
    """Read a gate with `certify_below`.

    Repeats are not independent, so that to certify an example failed where any of its repeats did. That count would grow
    with the repeats of a rate that stays: against the variant speaks only the rate of its answers.
    """
    if case.side is None:
        return Reading(void=case.unrun)
    held = values(case)
    if not held.size:
        return Reading(void="no answer was held against a schema")
    n, failures = int(held.size), int((held > 0).sum())
    most = allowed(n, case.gate.bound)
    short = needed(failures, case.gate.bound) - n
    repeats = case.side.repeats
    return Reading(
        value=failures / n,
        ci=(share_bounds(held, repeats, case.level)[1][0], clopper_pearson_upper(failures, n)),
        n=n,
        unable="" if most is not None and failures <= most else _short(failures, short),
        beside=f"{count(failures)} of {count(n)} examples failed{' in some repeat' if repeats > 1 else ''}",
        losses=failures,
        enough=n + short if short > 0 else None,
    )


def _short(failures: int, short: int) -> str:
    """How many more would do: of a rate at the bound itself no number is more than a hope."""
    more = f"{count(short)} more example{'' if short == 1 else 's'}"
    return f"{more} without {'another' if failures else 'a'} failure would certify it"
