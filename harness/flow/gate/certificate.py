"""A gate that certifies: the count of examples that failed shows their rate to lie below a bound, or does not."""

from harness.flow.gate.absolute import values
from harness.flow.gate.case import Case, Reading
from harness.stats.certificates import allowed, needed
from harness.stats.rates import clopper_pearson_lower, clopper_pearson_upper
from harness.text.figures import count


def certificate(case: Case) -> Reading:
    """Read a gate with `certify_below`: an example failed where any of its repeats did, since repeats are not independent."""
    if case.side is None:
        return Reading(void=f"the partition '{case.gate.partition}' was not run")
    held = values(case)
    if not held.size:
        return Reading(void="no answer was held against a schema")
    n, failures = int(held.size), int((held > 0).sum())
    most = allowed(n, case.gate.bound)
    short = needed(failures, case.gate.bound) - n
    return Reading(
        value=failures / n,
        ci=(clopper_pearson_lower(failures, n), clopper_pearson_upper(failures, n)),
        n=n,
        unable="" if most is not None and failures <= most else _short(failures, short),
        beside=f"{count(failures)} of {count(n)} examples failed",
        losses=failures,
        enough=n + short if short > 0 else None,
    )


def _short(failures: int, short: int) -> str:
    """How many more would do: of a rate at the bound itself no number is more than a hope."""
    more = f"{count(short)} more example{'' if short == 1 else 's'}"
    return f"{more} without {'another' if failures else 'a'} failure would certify it"
