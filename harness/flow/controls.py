"""Variants that tell where others fail: a retrieval variant with nothing looked up, and with what is right."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from harness.types.evalset import Evalset
from harness.types.experiment import Experiment, ModelSpec, StageSpec, Variant

LONGEST_NAME = 80


def controls(experiment: Experiment, evalset: Evalset) -> Experiment:
    """Add what `controls:` asks for, for every variant that looks something up, and tell each which ones are its own.

    closed-book: the same variant without retrieval (rewrite, embed, retrieve, rerank). oracle: the same, with a stage
    in their place that is handed the documents which each example names as relevant. A stage of the user's own that
    stands between the search and the prompt works on what was found, and is left out too.

    Variants that differ in nothing else share one. A declared variant that is the closed-book one stands for it. What is
    added is named `closed-book` or `oracle`, and `oracle@rag` after the first that it is for where there are several.
    """
    added: list[Variant] = []
    told: dict[str, dict[str, str]] = {}
    for aid in experiment.controls:
        groups = _groups(experiment.variants, evalset, _MADE[aid])
        for group in groups:
            aiding = _declared(experiment.variants, group)
            if aiding is None:
                taken = [variant.name for variant in (*experiment.variants, *added)]
                name = _name(aid, group, several=len(groups) > 1, taken=taken)
                aiding = replace(group.made, name=name, aid=aid, aids={}, partitions=_partitions(group))
                added.append(aiding)
            for variant in group.serves:
                told.setdefault(variant.name, {})[aid] = aiding.name
    declared = (replace(variant, aids=told.get(variant.name, {})) for variant in experiment.variants)
    return replace(experiment, variants=(*declared, *added))


@dataclass(slots=True)
class _Group:
    """One variant to be added, and those that it is for."""

    made: Variant
    serves: list[Variant] = field(default_factory=list)


def _groups(
    variants: Sequence[Variant], evalset: Evalset, make: Callable[[Variant, Evalset], Variant]
) -> list[_Group]:
    groups: list[_Group] = []
    for variant in variants:
        if variant.retrieves:
            made = make(variant, evalset)
            same = next((group for group in groups if _meant(group.made) == _meant(made)), None)
            if same is None:
                groups.append(same := _Group(made))
            same.serves.append(variant)
    return groups


def _closed_book(variant: Variant, evalset: Evalset) -> Variant:
    del evalset
    return replace(variant, stages=tuple(stage for _, stage in _kept(variant.stages)))


def _oracle(variant: Variant, evalset: Evalset) -> Variant:
    """The stage stands right before the prompt, or where the search was where a stage of the user's own writes it."""
    search = _searches(variant.stages)[-1]
    place = _prompt_after(variant.stages, search) or search
    relevant = {row.id: row.relevant for rows in evalset.partitions.values() for row in rows if row.relevant}
    spec = variant.stages[search]
    oracle = StageSpec(
        kind="oracle",
        options={"corpus": spec.options.get("corpus"), "relevant": relevant},
        where=spec.where,
    )
    kept = list(_kept(variant.stages))
    before = tuple(stage for at, stage in kept if at < place)
    return replace(variant, stages=(*before, oracle, *(stage for at, stage in kept if at >= place)))


_MADE: Mapping[str, Callable[[Variant, Evalset], Variant]] = {
    "closed-book": _closed_book,
    "oracle": _oracle,
}


def _kept(stages: Sequence[StageSpec]) -> Iterator[tuple[int, StageSpec]]:
    """What is no part of retrieval, each with its place."""
    first = _searches(stages)[0]
    prompt = _prompt_after(stages, first) or 0
    for place, stage in enumerate(stages):
        own = ":" in stage.kind and first < place < prompt
        if not stage.looks_up and not own:
            yield place, stage


def _searches(stages: Sequence[StageSpec]) -> list[int]:
    return [place for place, stage in enumerate(stages) if stage.kind == "retrieve"]


def _prompt_after(stages: Sequence[StageSpec], search: int) -> int | None:
    return next((n for n, stage in enumerate(stages) if n > search and stage.kind == "prompt"), None)


def _declared(variants: Sequence[Variant], group: _Group) -> Variant | None:
    """A variant of the config that is just this, on all the partitions that are needed."""
    needed, meant = _partitions(group), _meant(group.made)
    return next((v for v in variants if _covers(v.partitions, needed) and _meant(v) == meant), None)


def _partitions(group: _Group) -> tuple[str, ...] | None:
    """Wherever one of those is run that it is for."""
    each = [variant.partitions for variant in group.serves]
    return None if None in each else tuple(dict.fromkeys(name for names in each for name in names or ()))


def _covers(own: tuple[str, ...] | None, needed: tuple[str, ...] | None) -> bool:
    return own is None or (needed is not None and set(needed) <= set(own))


def _meant(variant: Variant) -> tuple[Any, ...]:
    """What makes two variants answer alike, wherever they stand in the file and whatever they are called."""
    stages = [
        (stage.kind, {key: _same(value) for key, value in stage.options.items()}) for stage in variant.stages
    ]
    return (stages, _same(variant.model), variant.output, list(variant.tools))


def _same(value: Any) -> Any:
    if isinstance(value, ModelSpec):
        return replace(value, name="", where="", price=None, limits={})
    return value


def _name(aid: str, group: _Group, *, several: bool, taken: Collection[str]) -> str:
    wanted = (f"{aid}@{group.serves[0].name}" if several else aid)[:LONGEST_NAME]
    name, number = wanted, 2
    while name in taken:
        ending = f"-{number}"
        name, number = f"{wanted[: LONGEST_NAME - len(ending)]}{ending}", number + 1
    return name
