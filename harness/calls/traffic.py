"""What the calls of a run share: the limits of an account, the run's budget, and the word to stop."""

from dataclasses import dataclass, field

from harness.calls.breaker import Breaker
from harness.calls.budget import Budget
from harness.calls.halt import Halt
from harness.calls.limiter import Limiter
from harness.types.experiment import ModelSpec

Account = tuple[str, str | None, str | None]
"""Provider, base_url, and the name of the key's variable: whoever shares these shares one set of limits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Traffic:
    """What one model's calls are held by."""

    limiter: Limiter
    """Of the endpoint and key."""
    breaker: Breaker
    """Of the model."""
    budget: Budget
    """Of the run."""
    halt: Halt
    """Of the run."""


@dataclass(frozen=True, slots=True)
class Junction:
    """Where the calls of a run meet. One for a run, loop-bound."""

    halt: Halt
    budget: Budget
    limiters: dict[Account, Limiter] = field(default_factory=dict)

    def lead(self, model: ModelSpec) -> Traffic:
        """What a model's calls are held by; models of one account get the same limiter."""
        account = (model.provider, model.base_url, model.api_key_env)
        limiter = self.limiters.setdefault(account, Limiter(self.halt))
        limiter.declare(model.limits)
        breaker = Breaker(model=model.name, halt=self.halt)
        return Traffic(limiter=limiter, breaker=breaker, budget=self.budget, halt=self.halt)

    def begin(self) -> None:
        """The warm-ups are over."""
        for limiter in self.limiters.values():
            limiter.begin()


def junction() -> Junction:
    """One without a budget: for calls outside a run."""
    halt = Halt()
    return Junction(halt, Budget(halt))
