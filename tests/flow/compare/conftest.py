"""Sides by hand: one variant on one partition, from a row of marks."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pytest

from harness.types.comparison import WHOLE, Samples, Side, Terms

TAGS = ("adversarial", "out_of_domain", "malformed")


def make_side(variant: str, partition: str, right: Sequence[float], **changes: object) -> Side:
    """A side whose examples are named g-000, g-001, … and carry the tags of edge in turn."""
    ids = tuple(f"{partition[0]}-{number:03}" for number in range(len(right)))
    fields = {
        "variant": variant,
        "partition": partition,
        "run": "run-1",
        "examples": ids,
        "digests": tuple(f"row of {id_}" for id_ in ids),
        "tags": tuple((TAGS[number % 3],) if partition == "edge" else () for number in range(len(ids))),
        "repeats": 1,
        "marks": {"answer": np.array(right, float)},
        "times": {},
        "version": "1",
    }
    return Side(**{**fields, **changes})


def make_times(ms: Sequence[float]) -> Mapping[str, Samples]:
    """One live time an example."""
    return {WHOLE: Samples(ms=np.array(ms, float), examples=np.arange(len(ms)))}


def make_terms(**changes: object) -> Terms:
    """On which `answer` decides, everything is held against `base`, and less cost is better."""
    fields = {
        "primary": "answer",
        "better": {
            "answer": "higher",
            "cost_usd_per_1k": "lower",
            "coverage": "higher",
            "schema_failure_rate": "lower",
        },
        "shares": frozenset({"answer", "coverage", "schema_failure_rate"}),
        "against": "base",
    }
    return Terms(**{**fields, **changes})


@pytest.fixture(scope="session")
def side() -> Callable[..., Side]:
    """`make_side`."""
    return make_side


@pytest.fixture(scope="session")
def times() -> Callable[..., Mapping[str, Samples]]:
    """`make_times`."""
    return make_times


@pytest.fixture(scope="session")
def agreed() -> Callable[..., Terms]:
    """`make_terms`."""
    return make_terms
