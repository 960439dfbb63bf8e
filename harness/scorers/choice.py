"""Right where the answer names the expected label."""

from dataclasses import dataclass
from typing import ClassVar, Literal

from harness.text.answers import acceptable, said
from harness.text.quote import quote
from harness.text.words import find, fold, words
from harness.types.evalset import Example
from harness.types.record import Record
from harness.types.score import UNLABELLED, Scored, Unscored


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """1 where the answer is the expected label, else 0; case, space and punctuation mean nothing."""

    judges: ClassVar[Literal["answer"]] = "answer"
    labels: tuple[str, ...] = ()
    """All labels there are. Empty: any text may be one."""
    within: bool = False
    """True: the label may stand inside a longer answer. An answer that names several different ones is wrong."""

    def __post_init__(self) -> None:
        """Refuse labels that cannot be told apart. Raises ValueError."""
        if self.within and not self.labels:
            raise ValueError("within needs labels: without them any word may be one")
        seen: dict[str, str] = {}
        for label in self.labels:
            folded = fold(label)
            if not folded:
                raise ValueError(f"the label {quote(label)} has no letter and no digit")
            if folded in seen:
                raise ValueError(
                    f"the labels {quote(seen[folded])} and {quote(label)} differ only in case or signs"
                )
            seen[folded] = label

    def __call__(self, record: Record, example: Example) -> Scored | Unscored:
        """Judge one answer. The judgement's label is the label that was named."""
        if example.expected is None:
            return UNLABELLED
        text = said(record)
        named = self._named(text)
        if len(named) != 1:
            what = f"names several labels: {', '.join(named)}" if named else f"{quote(text)} is no label"
            return Scored(value=0.0, why=what)
        right = fold(named[0]) in map(fold, acceptable(example.expected))
        why = "" if right else f"{quote(named[0])}, expected {quote(example.expected)}"
        return Scored(value=float(right), why=why, label=named[0])

    def _named(self, text: str) -> list[str]:
        folded = fold(text)
        if not self.labels:
            return [text.strip()] if folded else []
        whole = [label for label in self.labels if fold(label) == folded]
        if whole or not self.within:
            return whole
        return self._inside(words(text))

    def _inside(self, said_words: list[str]) -> list[str]:
        """The labels that stand in the answer; "card" inside "card payment" is not one of its own."""
        taken: set[int] = set()
        named = []
        for label in sorted(self.labels, key=lambda label: -len(words(label))):
            parts = words(label)
            spans = [range(at, at + len(parts)) for at in find(said_words, parts)]
            free = [span for span in spans if taken.isdisjoint(span)]
            if free:
                named.append(label)
                taken.update(*free)
        return named
