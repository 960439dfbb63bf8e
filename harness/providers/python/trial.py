"""What a user's function is handed beside the inputs: a place to tell what cannot be seen from outside."""

import contextlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from harness.calls import application
from harness.calls.clock import ms_between, now_ns
from harness.calls.money import cost_usd, total_usd
from harness.text.quote import quote
from harness.types.call import Request, Step, Usage
from harness.types.experiment import Price


class Told:
    """Tokens and money, added up as they are told."""

    def __init__(self) -> None:
        self._tokens: Counter[str] = Counter()
        self._unknown: set[str] = set()
        self._costs_usd: list[float] = []

    def usage(self, **tokens: int | None) -> None:
        """Add tokens; buckets are disjoint; one that is once given as None stays unknown. Raises ValueError for no count.

        input_tokens (without those of the two caches), cached_input_tokens, cache_write_tokens, output_tokens
        (reasoning included), reasoning_tokens.
        """
        read_usage(tokens)
        self._unknown |= {name for name, count in tokens.items() if count is None}
        self._tokens.update({name: count for name, count in tokens.items() if count is not None})

    def cost(self, usd: float) -> None:
        """Add US dollars. Raises ValueError for what is no amount."""
        self._costs_usd.append(read_cost(usd))

    def with_tokens_of(self, others: Iterable["Told"]) -> "Told":
        """This one, once it has added what others were told."""
        for other in others:
            self._tokens.update(other._tokens)  # noqa: SLF001 - its own class
            self._unknown |= other._unknown  # noqa: SLF001 - as above
        return self

    @property
    def total_usage(self) -> Usage | None:
        """None where nothing was told."""
        known = {name: count for name, count in self._tokens.items() if name not in self._unknown}
        return Usage(**known) if known else None

    @property
    def total_cost_usd(self) -> float | None:
        """None where nothing was told."""
        return sum(self._costs_usd) if self._costs_usd else None


class StageContext(Told):
    """One stage of a trial, while the function is in it. What is told here is told of the trial, too."""


class TrialContext(Told):
    """What a function gets that has a parameter `trial`. It knows nothing of what is expected.

    It may be used from any thread, and by several at once.
    """

    def __init__(self, request: Request) -> None:
        super().__init__()
        self.seed = request.seed
        """The same for every variant, another one for each repeat."""
        self.repeat = request.repeat
        """From 0."""
        self._parts: list[Told] = [self]
        """The trial itself, for what is told outside of stages, and every stage."""
        self._steps: list[Step] = []
        self._documents: list[Mapping[str, Any]] = []

    @contextlib.contextmanager
    def stage(self, name: str) -> Iterator[StageContext]:
        """Time a part: `with trial.stage("retrieve"):`, in async functions as well. Parts may overlap and nest."""
        stage = StageContext()
        self._parts.append(stage)
        began_ns = now_ns()
        try:
            yield stage
        finally:
            ms = ms_between(began_ns, now_ns())
            step = Step(name=str(name), ms=ms, usage=stage.total_usage, cost_usd=stage.total_cost_usd)
            self._steps.append(step)

    def retrieved(self, documents: Iterable[Any]) -> None:
        """Add what was looked up, best first: ids, or mappings {doc, text, score}. Raises ValueError for others."""
        self._documents += read_documents(documents)

    def facts(self, price: Price | None) -> dict[str, Any]:
        """All that was told so far, as fields of a Reply; `price` is what tokens cost where no cost was told of them."""
        return {
            "steps": tuple(self._steps),
            "usage": Told().with_tokens_of(self._parts).total_usage,
            "told_cost_usd": self._whole_cost_usd(price),
            "retrieved": tuple(self._documents),
        }

    def _whole_cost_usd(self, price: Price | None) -> float | None:
        """None where no part told a cost, and where one told tokens of which nobody knows what they cost."""
        if all(part.total_cost_usd is None for part in self._parts):
            return None
        costs = [
            cost_usd(price, part.total_usage) if part.total_cost_usd is None else part.total_cost_usd
            for part in self._parts
            if (part.total_usage, part.total_cost_usd) != (None, None)
        ]
        return total_usd(costs)


def read_usage(tokens: Any) -> Usage:
    """Tokens by bucket. Raises ValueError for an unknown bucket, and for what is no count."""
    if not isinstance(tokens, Mapping):
        raise ValueError(f"usage: {quote(tokens, 40)} is no mapping of tokens by bucket")  # noqa: TRY004 - one error for all
    for name, value in tokens.items():
        if name not in application.BUCKETS:
            raise ValueError(f"usage has no '{name}'; it has {', '.join(application.BUCKETS)}")
        if value is not None and application.count(value) is None:
            raise ValueError(f"usage: {name} is a count of tokens, not {quote(value, 40)}")
    return application.usage(tokens) or Usage()


def read_cost(usd: Any) -> float:
    """US dollars. Raises ValueError for what is no amount."""
    amount = application.amount(usd)
    if amount is None:
        raise ValueError(f"cost: {quote(usd, 40)} is no amount of US dollars")
    return amount


def read_documents(documents: Any) -> tuple[Mapping[str, Any], ...]:
    """What was retrieved, as {doc, text?, score?}. Raises ValueError for what names no document."""
    if isinstance(documents, str | Mapping) or not isinstance(documents, Iterable):
        raise ValueError(f"retrieved: {quote(documents, 60)} is no list of documents")  # noqa: TRY004 - as above
    found = []
    for told in documents:
        document = application.document(told)
        if document is None:
            raise ValueError(
                f"retrieved: {quote(told, 60)} names no document; give an id, or {{doc, text, score}}"
            )
        found.append(document)
    return tuple(found)
