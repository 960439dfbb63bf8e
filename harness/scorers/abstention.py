"""Whether a variant says that it does not know where that is right, and answers where there is an answer."""

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from harness.text.answers import said
from harness.text.fields import MISSING, field_at
from harness.text.json_answer import read_json
from harness.text.refusal import REFUSAL, UNKNOWN, WHOLE, declines
from harness.types.evalset import Example
from harness.types.record import Record
from harness.types.score import UNLABELLED, Scored, Unscored


@dataclass(frozen=True, slots=True, kw_only=True)
class Abstention:
    """1 for abstaining where there is no answer and for answering where there is one, else 0.

    There is no answer where the example accepts a refusal, or its expected answer is empty. What was answered may
    still be wrong: that is for other metrics. The label says which of the four it was: `answered`,
    `answered_unanswerable`, `abstained_rightly` or `abstained_wrongly`. A provider's refusal is an abstention.
    """

    judges: ClassVar[Literal["outcome"]] = "outcome"
    phrases: tuple[str, ...] = UNKNOWN + REFUSAL
    """What gives an abstention away in the first sentence; replaces the built-in ones."""
    whole: tuple[str, ...] = WHOLE
    """What is an abstention only where it is the whole answer."""
    field: str | None = None
    """Of a JSON answer: the field (dotted path) in which the variant says so. None: the whole text."""

    def __call__(self, record: Record, example: Example) -> Scored | Unscored:
        """Judge one outcome."""
        if example.expected is None and not example.accept_refusal:
            return UNLABELLED
        abstained = record.outcome.kind == "refused" or self._abstains(said(record))
        answerable = not (example.accept_refusal or self._empty(example.expected))
        if answerable:
            label = "abstained_wrongly" if abstained else "answered"
        else:
            label = "abstained_rightly" if abstained else "answered_unanswerable"
        return Scored(value=float(label in ("answered", "abstained_rightly")), why=_WHY[label], label=label)

    def _abstains(self, text: str) -> bool:
        if self.field is not None:
            answer = read_json(text)
            found = field_at(answer.value, self.field)
            if answer.kind in ("ok", "fenced") and found is not MISSING:
                return found is None or found == [] or (isinstance(found, str) and self._declines(found))
        return self._declines(text)

    def _declines(self, text: str) -> bool:
        return declines(text, self.phrases, self.whole)

    def _empty(self, expected: Any) -> bool:
        if self.field is not None:
            found = field_at(expected, self.field)
            expected = expected if found is MISSING else found
        return expected is None or expected in ("", [], ())


_WHY = {
    "answered": "",
    "answered_unanswerable": "answered where there is no answer",
    "abstained_rightly": "",
    "abstained_wrongly": "abstained where there is an answer",
}
