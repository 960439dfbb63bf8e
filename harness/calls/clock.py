"""The one clock: every duration of the harness is a difference of two of its readings."""

from time import perf_counter_ns, thread_time_ns

now_ns = perf_counter_ns
"""Nanoseconds on the monotonic clock; only differences mean anything."""

cpu_ns = thread_time_ns
"""Nanoseconds of CPU that the calling thread has used, user and system; only differences mean anything."""


def ms_between(start_ns: int, end_ns: int) -> float:
    """Milliseconds from one reading to a later one, to the microsecond."""
    return round((end_ns - start_ns) / 1e6, 3)
