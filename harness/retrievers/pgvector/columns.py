"""What PostgreSQL says of a table's columns, and values made for them."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from harness.types.search import Query

_ASKED = """
    SELECT a.attname, t.typname, t.typcategory, a.atttypmod
    FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
    WHERE a.attrelid = to_regclass(%s) AND a.attnum > 0 AND NOT a.attisdropped
    ORDER BY a.attnum
"""


@dataclass(frozen=True, slots=True)
class Column:
    """One column."""

    type: str
    kind: str
    """PostgreSQL's category: B(oolean), N(umber), S(tring), or another."""
    size: int | None
    """Of a vector, in numbers; None where none is declared."""


def columns(link: Any, table: Any) -> Mapping[str, Column]:
    """The columns of a table, given as an Identifier; none where there is no such table."""
    found = link.execute(_ASKED, [table.as_string(link)]).fetchall()
    return {
        name: Column(type=kind, kind=category, size=size if size > 0 else None)
        for name, kind, category, size in found
    }


def vector(query: Query) -> Any:
    """The query's vector, as the adapter takes it."""
    import numpy as np

    return np.asarray(query.vector, dtype=np.float32)


def counts(score: float | None) -> bool:
    """False for a row without a vector, or with one of length 0: nothing is near to it."""
    return score is not None and not math.isnan(score)
