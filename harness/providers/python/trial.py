"""What a user's function is handed beside the inputs: a place to tell what cannot be seen from outside."""

import contextlib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from harness.calls import application
from harness.calls.clock import ms_between, now_ns
from harness.calls.money import total_usage
from harness.text.quote import quote
from harness.types.call import Request, Step, Usage


class Told:
    """Tokens and money, added up as they are told."""

    def __init__(self) -> None:
        self._usages: list[Usage] = []
        self._costs_usd: list[float] = []

    def usage(self, **tokens: int | None) -> None:
        """Add tokens; buckets are disjoint, and None is not known. Raises ValueError for what is no count.

        input_tokens (without those of the two caches), cached_input_tokens, cache_write_tokens, output_tokens
        (reasoning included), reasoning_tokens.
        """
        self._usages.append(read_usage(tokens))

    def cost(self, usd: float) -> None:
        """Add US dollars. Raises ValueError for what is no amount."""
        self._costs_usd.append(read_cost(usd))

    @property
    def total_usage(self) -> Usage | None:
        """None where nothing was told."""
        return total_usage([*self._usages])

    @property
    def total_cost_usd(self) -> float | None:
        """None where nothing was told."""
        return sum(self._costs_usd) if self._costs_usd else None


class StageContext(Told):
    """One stage of a trial, while the function is in it. What is told here is told of the trial, too."""

    def __init__(self, trial: "TrialContext") -> None:
        super().__init__()
        self._trial = trial

    def usage(self, **tokens: int | None) -> None:
        """Add tokens to this stage and to the trial. Raises ValueError for what is no count."""
        super().usage(**tokens)
        self._trial.usage(**tokens)

    def cost(self, usd: float) -> None:
        """Add US dollars to this stage and to the trial. Raises ValueError for what is no amount."""
        super().cost(usd)
        self._trial.cost(usd)


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
        self._steps: list[Step] = []
        self._documents: list[Mapping[str, Any]] = []

    @contextlib.contextmanager
    def stage(self, name: str) -> Iterator[StageContext]:
        """Time a part: `with trial.stage("retrieve"):`, in async functions as well. Parts may overlap and nest."""
        stage = StageContext(self)
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

    def facts(self) -> dict[str, Any]:
        """All that was told so far, as fields of a Reply."""
        return {
            "steps": tuple(self._steps),
            "usage": self.total_usage,
            "told_cost_usd": self.total_cost_usd,
            "retrieved": tuple(self._documents),
        }


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
