"""What a count of failures certifies: that a rate lies below a bound, and what it takes to show it."""

from harness.stats.rates import clopper_pearson_upper


def allowed(n: int, below: float) -> int | None:
    """The most failures among `n` independent trials that still show a rate below `below`, at one-sided 95 %.

    By the exact upper bound (Clopper and Pearson 1934). None where not even a run without a failure would: 299 trials
    show 1 %, 598 show 0.5 %; one failure is allowed from 473 on.
    """
    if not _shows(0, n, below):
        return None
    low, high = 0, n
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if _shows(middle, n, below) else (low, middle)
    return low


def needed(failures: int, below: float) -> int:
    """The fewest independent trials that show a rate below `below` with so many failures, at one-sided 95 %."""
    low, high = failures, max(2 * failures, 1)
    while not _shows(failures, high, below):
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if _shows(failures, middle, below) else (middle, high)
    return high


def _shows(failures: int, n: int, below: float) -> bool:
    upper = clopper_pearson_upper(failures, n)
    return upper is not None and upper < below
