"""Two trees of figures side by side: where they agree, where they differ, and what only one of them knows."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import isclose
from typing import Any

RELATIVE, ABSOLUTE = 1e-12, 1e-15
"""Two sums of the same numbers in another order differ by less, beside 0 too, and nothing prints so many digits."""

ABSENT = object()
"""Stands for a figure that one side has not."""
SAID = object()
"""Stands for words and instants that no figure follows from: known, and not compared."""


class Complete(dict[str, Any]):
    """Figures whose names the records tell, such as stages or tags: one more name is wrong, not unknown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One figure on which a file and the records differ."""

    path: str
    stated: Any
    """What the file says; ABSENT where it says nothing."""
    found: Any
    """What the records give; ABSENT where they give nothing."""


@dataclass(slots=True, kw_only=True)
class Agreement:
    """What verifying a run comes to."""

    agreed: int = 0
    """Figures."""
    scores: int | None = None
    """Judgements that were made again, and came out as they stand in scores.jsonl; None where those were taken as stored."""
    differences: list[Difference] = field(default_factory=list)
    unverified: list[str] = field(default_factory=list)
    """Paths of summary.json that nothing here recomputes."""


def agree(stated: Any, found: Any, agreement: Agreement, path: str = "") -> None:
    """Walk both trees down to their leaves, and note what each leaf comes to."""
    if found is SAID:
        return
    if isinstance(stated, Mapping) and isinstance(found, Mapping):
        missing = ABSENT if isinstance(found, Complete) else None
        for name in {**found, **stated}:
            below = f"{path}{'' if name.startswith('[') or not path else '.'}{name}"
            if name not in found and missing is None:
                agreement.unverified += leaves(stated[name], below)
            else:
                agree(stated.get(name, ABSENT), found.get(name, ABSENT), agreement, below)
    elif _listed(stated) and _listed(found) and len(stated) == len(found):
        for place, (one, other) in enumerate(zip(stated, found, strict=True)):
            agree(one, other, agreement, f"{path}[{place}]")
    elif same(stated, found):
        agreement.agreed += 1
    else:
        agreement.differences.append(Difference(path=path, stated=stated, found=found))


def same(stated: Any, found: Any) -> bool:
    """Equal; of two numbers, but for the order in which they were added up."""
    if isinstance(stated, bool) or isinstance(found, bool):
        return stated is found
    if isinstance(stated, int | float) and isinstance(found, int | float):
        return stated == found or isclose(stated, found, rel_tol=RELATIVE, abs_tol=ABSOLUTE)
    return type(stated) is type(found) and bool(stated == found)


def labelled(rows: Sequence[tuple[str, Any]]) -> Complete:
    """Rows of a list by what they are about: a path then names the row, wherever it stands."""
    found, times = Complete(), dict[str, int]()
    for label, row in rows:
        times[label] = times.get(label, 0) + 1
        found[f"[{label}]" if times[label] == 1 else f"[{label}, {times[label]}]"] = row
    return found


def leaves(value: Any, path: str) -> Iterator[str]:
    """The paths of all leaves of a tree; an empty list or mapping is one."""
    if isinstance(value, Mapping) and value:
        for name, held in value.items():
            yield from leaves(held, f"{path}.{name}")
    elif _listed(value) and value:
        for place, held in enumerate(value):
            yield from leaves(held, f"{path}[{place}]")
    else:
        yield path


def _listed(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str)
