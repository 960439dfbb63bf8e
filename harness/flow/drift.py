"""Whether the provider itself has changed since the baseline: the control, asked again, against what it came to then."""

from collections.abc import Iterator

from harness.stats.paired import Effect, amount_effect, share_effect
from harness.stats.pairing import paired
from harness.text.figures import amount, count, figure, percent, share
from harness.types.comparison import WHOLE, Baseline, Side, Sides, Terms
from harness.types.summary import Notice

LEVEL = 0.05


def drift(sides: Sides, baseline: Baseline, terms: Terms, *, same: bool = True) -> tuple[Notice, ...]:
    """Compare the control with itself in the baseline, on the primary metric of each partition.

    Only examples that were asked live now tell anything: what the cache answers has not been asked again. `same`: the
    config says of the control what it said then, so that what has changed is not ours. Nothing is said where no change
    is shown, nor where the two were judged differently.
    """
    control = baseline.control
    return tuple(
        notice
        for (variant, partition), side in sides.items()
        if variant == control and (variant, partition) in baseline.sides
        for notice in _moved(side, baseline.sides[variant, partition], terms, same=same)
    )


def _moved(now: Side, then: Side, terms: Terms, *, same: bool) -> Iterator[Notice]:
    metric = terms.primary
    if metric is None or any(now.identity.get(key) != then.identity.get(key) for key in (metric, "schema")):
        return
    effect = _effect(now, then, metric, share=metric in terms.shares)
    if effect.p is None or effect.p > LEVEL:
        return
    message = (
        f"the control '{now.variant}' has moved since the baseline by {_figures(effect, metric, terms)} on {now.partition} "
        f"({count(effect.n)} examples asked again): {_meaning(same=same)}"
    )
    yield Notice(code="provider_drift", message=message, variant=now.variant, partition=now.partition)


def _effect(now: Side, then: Side, metric: str, *, share: bool) -> Effect:
    live = now.times.get(WHOLE)
    asked = {now.examples[int(place)] for place in (live.examples if live else ())}
    pairs = paired(now, then, metric)
    kept = [place for place, id_ in enumerate(pairs.ids) if id_ in asked]
    held = share_effect if share else amount_effect
    return held(pairs.a[kept], pairs.b[kept])


def _figures(effect: Effect, metric: str, terms: Terms) -> str:
    p = "< 0.001" if effect.p is not None and effect.p < 0.001 else f"= {figure(effect.p)}"
    if metric in terms.shares:
        return f"{_signed(effect, percent(effect.value))}{share(effect.value, effect.ci)} points of {metric} (p {p})"
    return f"{_signed(effect, figure(effect.value))}{amount(effect.value, effect.ci)} of {metric} (p {p})"


def _signed(effect: Effect, said: str) -> str:
    return "+" if effect.value is not None and effect.value > 0 and not said.startswith("-") else ""


def _meaning(*, same: bool) -> str:
    if same:
        return (
            "its provider answers differently now, and what gates hold against the baseline may be that, not a "
            "change of ours"
        )
    return "the config says something else of it now, so that its provider's own drift cannot be told apart from that"
