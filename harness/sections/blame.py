"""Where did it fail? The wrong answers of each retrieval variant, each with the stage that is to blame."""

from collections.abc import Iterator, Mapping

from harness.text.figures import UNKNOWN, count, percent
from harness.types.figures import Blame
from harness.types.report import Block, Heading, Table, Text
from harness.types.summary import Summary

_FEW = 10
"""Under so many wrong answers no advice is given."""

_TITLES = {
    "not_in_corpus": "Not in the corpus",
    "not_retrieved": "Not retrieved",
    "cut": "Cut by rerank or k",
    "not_used": "In context, wrong all the same",
    "wrong_format": "Used, wrong format",
}
_UNSEEN, _SEEN = tuple(_TITLES)[:3], tuple(_TITLES)[3:]
"""No relevant document was in the prompt; one was."""
_HELD = tuple(_TITLES)[1:]
"""The corpus holds a relevant document: there was one to hand over."""
_LOST = ("not_retrieved", "cut")
"""None was in the prompt, though the corpus holds one: what better retrieval could win."""

_LEADS = {"not_in_corpus": "Fix the corpus first", "wrong_format": "Fix the output format first"}
_WHY = {
    "not_in_corpus": "it is not in the corpus",
    "not_retrieved": "the search did not find it",
    "cut": "it was found, and cut before the prompt",
    "not_used": "the answer was wrong all the same",
    "wrong_format": "the answer had the wrong form",
}


def blame(summary: Summary) -> tuple[Block, ...]:
    """Show one table a partition, and what it means; nothing where no variant retrieves what is known to be relevant."""
    blocks: list[Block] = []
    for partition, parts in summary.by_partition().items():
        split = {name: part.blame for name, part in parts.items() if part.blame is not None}
        if split:
            blocks.append(_table(partition, split))
            blocks += [Text(text=_meaning(name, partition, one)) for name, one in split.items() if one.wrong]
    if not blocks:
        return ()
    explained = (
        "Each wrong answer (primary metric under 0.5) to an example that names its relevant documents has one cause: the "
        "first stage at which all of them were lost. Of several documents the one that came farthest counts."
    )
    return (Heading(text="Where did it fail?"), Text(text=explained), *blocks)


def _table(partition: str, split: Mapping[str, Blame]) -> Table:
    controls = _control_columns(split)
    columns = ("Variant", "Wrong", *(f"{title} (%)" for title in _TITLES.values()), *controls)
    rows = tuple(
        (
            name,
            count(one.wrong),
            *(_part(one.causes.get(cause, 0), one.wrong) for cause in _TITLES),
            *(cells[name] for cells in controls.values()),
        )
        for name, one in split.items()
    )
    return Table(columns=columns, rows=rows, title=partition, numeric=tuple(range(1, len(columns))))


def _control_columns(split: Mapping[str, Blame]) -> dict[str, dict[str, str]]:
    """Of the wrong answers, those that a control gave rightly; a column only where some variant has that control."""
    told = {
        "Right with the documents (%)": {
            name: (one.wrong, _total(one.oracle_right, _HELD)) for name, one in split.items()
        },
        "Right with nothing (%)": {
            name: (one.wrong, _total(one.closed_book_right)) for name, one in split.items()
        },
    }
    return {
        title: {name: _part(right, wrong) for name, (wrong, right) in found.items()}
        for title, found in told.items()
        if any(right is not None for _, right in found.values())
    }


def _total(right: Mapping[str, int | None], causes: tuple[str, ...] = tuple(_TITLES)) -> int | None:
    """How many, over these causes; None where the control is not there."""
    known = [number for cause in causes if (number := right.get(cause)) is not None]
    return sum(known) if known else None


def _part(number: int | None, whole: int) -> str:
    if number is None:
        return UNKNOWN
    return f"{count(number)} ({percent(number / whole, 0)})" if whole else count(number)


def _meaning(name: str, partition: str, one: Blame) -> str:
    """What to mend first, and what that could win."""
    return " ".join((_first(name, partition, one), *_won(one)))


def _first(name: str, partition: str, one: Blame) -> str:
    seen = one.wrong - one.unseen
    retrieval = one.unseen >= seen
    number = one.unseen if retrieval else seen
    had = (
        "never had a relevant document in the prompt"
        if retrieval
        else "had a relevant document in the prompt"
    )
    most = max(_UNSEEN if retrieval else _SEEN, key=lambda cause: one.causes.get(cause, 0))
    why = f"; most often, {_WHY[most]}" if number else ""
    if one.wrong < _FEW:
        plural = "" if one.wrong == 1 else "s"
        return (
            f"{count(number)} of {name}'s {count(one.wrong)} wrong answer{plural} on {partition} {had}{why}."
        )
    lead = _LEADS.get(most, "Fix retrieval first" if retrieval else "Fix the answer first")
    return f"{lead}: {percent(number / one.wrong, 0)} % of {name}'s {count(one.wrong)} wrong answers on {partition} {had}{why}."


def _won(one: Blame) -> Iterator[str]:
    """What the controls make of it: what better retrieval could win, and where what was found stood in the way."""
    seen = one.wrong - one.unseen
    lost = one.unseen - one.causes.get("not_in_corpus", 0)
    won, had = _total(one.oracle_right, _LOST), _total(one.oracle_right, _SEEN)
    told = []
    if lost and won is not None:
        told.append(f"{count(won)} of the {count(lost)} whose document was lost on the way")
    if seen and had:
        told.append(f"{count(had)} of the {count(seen)} that had one (another part of it, or less beside it)")
    if told:
        yield f"Handed the whole documents, the same model answers rightly {', and '.join(told)}."
    misled = _total(one.closed_book_right)
    if misled:
        yield f"Handed nothing, it answers rightly {count(misled)} of all: what was found may have misled it."
