"""What a run comes to: the nouns of summary.json."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from harness.types.search import IndexReport

Interval = tuple[float | None, float | None]
"""Two-sided 95 %; a bound that the sample cannot support is None."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """One figure with its interval."""

    value: float | None
    ci: Interval
    method: str
    n: int
    """Examples, not trials: repeats are averaged per example first."""
    unscored: int = 0
    """Trials without a judgement."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Quality(Estimate):
    """The primary metric."""

    metric: str
    worst_case: float | None
    """The mean if every planned trial without a score were wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SchemaHealth:
    """How often the answer broke the schema."""

    failures: int
    n: int
    rate: float | None
    ci: Interval
    upper95: float | None
    """One-sided 95 % Clopper-Pearson bound."""
    kinds: Mapping[str, int]
    lenient_rate: float | None
    """The rate that is left after unwrapping fences and prose."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """Money, with its unknowns."""

    usd_per_1k: float | None
    """Of the trials that brought an answer; None where any of these is unpriced."""
    ci: Interval
    total_usd: float | None
    """Of the priced trials: a lower bound where `unpriced` is not 0; None where no trial is priced."""
    unpriced: int
    by_stage: Mapping[str, float | None]
    tokens: Mapping[str, int | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class StageLatency:
    """One stage of one variant: as Latency has it, a time-out counted at its limit."""

    p50_ms: float | None
    p95_ms: float | None
    n: int
    p50_ci: Interval = (None, None)
    p95_ci: Interval = (None, None)
    first_ms: float | None = None
    """Of the variant's warm-up, which is in no other figure: clients connect, models load."""
    share: float | None = None
    """Of the time of all stages together, over all trials; None for a part of another stage."""
    failures: int = 0
    """Trials that ended in it, failed or timed out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RetrievalQuality:
    """How good what was found is, over the examples that name their relevant documents."""

    retrieved: Mapping[str, Estimate]
    """Measure (`recall@10`) → its mean, for all that the search found, in its order."""
    used: Mapping[str, Estimate]
    """The same for what went into the prompt, in its order there."""
    added: Mapping[str, Estimate] = field(default_factory=dict)
    """Used less retrieved, trial by trial: the reranker's own contribution. Empty where nothing stands between the two."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Blame:
    """Where the wrong answers of a retrieval variant went wrong; trials whose example names no document are left out."""

    wrong: int
    """Trials whose answer is scored under one half."""
    causes: Mapping[str, int]
    """Cause → trials, in the order of the pipeline; they add up to `wrong`."""
    oracle_right: Mapping[str, int | None]
    """Of these, how many the same model answers rightly when given the relevant documents; None without that control.

    None too for `not_in_corpus`: there was none to give.
    """
    closed_book_right: Mapping[str, int | None]
    """Of these, how many it answers rightly when given nothing: what was found misled it."""

    @property
    def unseen(self) -> int:
        """Wrong answers of which no relevant document was in the prompt."""
        return sum(self.causes.get(cause, 0) for cause in ("not_in_corpus", "not_retrieved", "cut"))


@dataclass(frozen=True, slots=True, kw_only=True)
class ContextSize:
    """What stands in the input of the call that answers; the parts share its tokens by their characters."""

    input_tokens_p50: float | None
    input_tokens_p95: float | None
    input_tokens_max: int | None
    """None throughout where no call told its tokens."""
    parts: Mapping[str, float | None]
    """prompt, fewshot, context → tokens, on average."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstToken:
    """Time to the first non-empty content, of streamed answers."""

    p50_ms: float | None
    p50_ci: Interval
    p95_ms: float | None
    p95_ci: Interval
    n: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Latency:
    """Service latency of live trials, time-outs counted at their limit."""

    p50_ms: float | None
    p50_ci: Interval
    p95_ms: float | None
    p95_ci: Interval
    n_live: int
    """Samples that the percentiles stand on: measured here, or recorded with the answer; never from the cache."""
    n_cached: int
    timed_out: int
    method: str
    first_token: FirstToken | None
    stages: Mapping[str, StageLatency]
    unaccounted: StageLatency | None
    """The client's own share of each trial: its wall clock less its stages. None where it was not measured."""
    valid: bool
    why: str | None = None
    """Why the figures cannot be trusted; None where they can."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TagSlice:
    """One tag of one partition: descriptive only."""

    n: int
    quality: Estimate | None
    schema: Estimate | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Abstentions:
    """Where a variant said that it does not know, apart from where it was wrong with confidence."""

    right: int
    abstained_rightly: int
    abstained_wrongly: int
    confidently_wrong: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PartitionSummary:
    """One variant on one partition; partitions are never pooled."""

    examples: int
    trials: int
    """With a record."""
    planned: int
    """Trials; more than `trials` where the run is incomplete."""
    outcomes: Mapping[str, int]
    errors: Mapping[str, int]
    """Why trials have no answer, and how many: the five most frequent reasons."""
    scored: int
    unscored: int
    coverage: float | None
    """Scored share of the planned trials."""
    quality: Quality | None
    """None where the config declares no metric."""
    metrics: Mapping[str, Estimate]
    schema: SchemaHealth | None
    cost: Cost
    latency: Latency
    by_tag: Mapping[str, TagSlice]
    abstentions: Abstentions | None = None
    retrieval: RetrievalQuality | None = None
    """None where no example names its relevant documents, or nothing was looked up."""
    blame: Blame | None = None
    context: ContextSize | None = None
    citations: Mapping[str, int] | None = None
    """Label of the `citations` metrics → answers; of several on one answer the worst. None without such a metric."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VariantSummary:
    """One variant."""

    layers: tuple[str, ...]
    """In which layers it differs from the control."""
    partitions: Mapping[str, PartitionSummary]
    aid: str = ""
    """`closed-book` or `oracle` for a variant that the harness added to tell where others fail; no candidate."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One thing that a reader must know."""

    code: str
    message: str
    variant: str | None = None
    partition: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """One metric of two variants on one partition, paired by example: difference = a − b."""

    a: str
    b: str
    partition: str
    metric: str
    difference: float | None
    """In the metric's unit; None where no example has a value on both sides."""
    ci: Interval
    p: float | None
    """Two-sided, of no difference; None where nothing is tested."""
    p_adjusted: float | None
    """For the number of variants (Holm); None where the metric is descriptive only."""
    method: str
    n: int
    """Examples with a value on both sides."""
    wins: int
    """Examples on which a is better."""
    losses: int
    ties: int
    mde: float | None
    """The smallest true difference that so many examples show with 80 % power; None where none could be shown."""
    verdict: Literal["better", "worse", "no worse than the margin", "cannot tell"]
    """Of a, on a 5 % level: by the adjusted p where there is one, else by the interval alone."""
    family: Literal["primary", "speed", "descriptive"]
    """What the p is adjusted within: the primary metric of a partition's variants, or the speed of all; descriptive: not at all."""
    a_value: float | None = None
    """Over the same examples as the difference."""
    b_value: float | None = None
    ratio: float | None = None
    """Of times: a's over b's; None elsewhere."""
    ratio_ci: Interval = (None, None)
    margin: float | None = None
    won: tuple[str, ...] = ()
    """Ids of the examples on which a is better, of the primary metric only."""
    lost: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    """Ids that b has a value of and a has none, though its row is the same: a's coverage failed there."""
    new: tuple[str, ...] = ()
    """Ids that a has a value of and b has none."""
    changed: tuple[str, ...] = ()
    """Ids whose rows differ, left out."""
    run_a: str = ""
    run_b: str = ""
    """Empty where it is a's own run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspect:
    """An example whose expected answer may be wrong: most variants agree with each other against it."""

    partition: str
    example_id: str
    variants: tuple[str, ...]
    """Those that gave one and the same answer, which is scored as wrong."""
    of: int
    """Variants that answered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exposed:
    """How often a held-out partition was scored since its rows last changed, this time among them."""

    partition: str
    times: int
    runs: int
    variants: int
    """Different ones, told apart by name and config."""
    since: str
    """The first of these times, UTC."""


Decision = Literal["go on", "hopeless", "shown", "not needed"]
"""hopeless: a gate failed, or can no longer pass; shown: all its gates are passed; not needed: it has no gates, and no variant
is left that it is asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """One line of looks.jsonl: what a planned look made of one variant."""

    look: int
    """From 1; 0 where a count of failures decided between two looks."""
    of: int
    at: str
    variant: str
    decision: Decision
    why: str
    level: float
    """One-sided confidence of the bounds that it was judged by."""
    tried: int
    """Trials with a record by then."""
    planned: int

    @property
    def stops(self) -> bool:
        """True where the variant is asked no more."""
        return self.decision != "go on"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """One gate on one variant."""

    gate: str
    """In words."""
    variant: str
    verdict: Literal["pass", "fail", "inconclusive"]
    value: float | None
    """What was measured; of a comparative gate the difference to what it is held against."""
    ci: Interval
    """One-sided bounds, lower and upper, each at `level`; both None where it is judged by the value alone."""
    bound: float
    """Of a comparative gate minus the margin: what the lower bound of the difference must reach."""
    why: str
    counts: Literal["pass", "warn", "fail", "undecided"]
    """What it makes of the run: exit 0 for the first two, 1 for fail, 3 for undecided."""
    metric: str = ""
    partition: str = ""
    stage: str | None = None
    versus: str | None = None
    """The variant, or `baseline`, that it is held against; None for a gate on the value itself."""
    n: int = 0
    level: float = 0.95
    p: float | None = None
    """One-sided, of no regression, for a comparative gate."""
    p_adjusted: float | None = None
    """Over the comparative gates of the run (Holm); it must be at most alpha to fail."""
    mde: float | None = None
    """The smallest true difference that so many examples show with 80 % power."""
    wins: int | None = None
    losses: int | None = None
    lost: tuple[str, ...] = ()
    """Ids of the examples that the variant does worse on than what it is held against."""
    share: bool = False
    """True where value, bounds and mde are shares in [0, 1]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Overhead:
    """What the harness itself weighed."""

    loop_lag_p99_ms: float | None
    start_to_send_p95_ms: float | None
    concurrency: int
    """What was asked for; how many there were is `in_flight_p95`."""
    valid: bool
    why: str | None = None
    loop_lag_p50_ms: float | None = None
    loop_lag_mean_ms: float | None = None
    """By about so much a P50 that was measured here may be too long."""
    in_flight_p95: int | None = None
    """Trials in flight, as a rule: the P95 of the quarter seconds."""
    in_flight_peak: int | None = None
    lowered: bool = False
    """True where the harness allowed fewer trials in flight than were asked for, since its loop came late."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunInfo:
    """Which run this is."""

    id: str
    experiment: str
    evalset_digest: str
    config_digest: str
    started_at: str
    finished_at: str
    complete: bool
    seed: int
    planned: int
    """Trials, warm-ups left out."""
    notes: tuple[str, ...] = ()
    """Sentences that every table and report repeats, such as the one about the built-in reading model."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spend:
    """What a run made its owner pay: warm-ups, failed attempts and trials that were run again among it."""

    spent_usd: float | None
    """Known spending: a lower bound where `unknown` is not 0; None where nothing is known."""
    spent_at_most_usd: float | None
    """With every unknown part at its upper bound; None where a part has none."""
    lost_usd: float
    """The upper bound of calls that left no record, since the run was killed while they were in flight; inside
    `spent_at_most_usd`. Known of runs under `--max-cost` only."""
    unknown: int
    """Trials, warm-ups and index builds of which it is not known what they cost: unpriced, timed out, or cut off in
    mid-answer. A trial that was run again counts each time."""
    cached: int
    """Trials that the response cache answered, at least in part: they cost nothing now."""
    uncached_usd: float | None
    """What the priced trials would have cost without the cache."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """summary.json."""

    run: RunInfo
    variants: Mapping[str, VariantSummary]
    comparisons: tuple[Comparison, ...] = ()
    warnings: tuple[Notice, ...] = ()
    gates: tuple[Verdict, ...] = ()
    overhead: Overhead | None = None
    control: str = ""
    metrics: Mapping[str, str] = field(default_factory=dict)
    """Declared metric → scorer."""
    indexes: tuple[IndexReport, ...] = ()
    """What it took to make each index ready, apart from every query; one an index and start of the run."""
    spend: Spend | None = None
    """None where every answer was produced elsewhere."""
    suspects: tuple[Suspect, ...] = ()
    exposed: tuple[Exposed, ...] = ()
    looks: tuple[Look, ...] = ()
    """The last of each variant, in a run that may stop early."""

    def by_partition(self) -> dict[str, dict[str, PartitionSummary]]:
        """Turn the table round: partition → variant → figures; golden first, then edge, then as they come."""
        names = dict.fromkeys(name for variant in self.variants.values() for name in variant.partitions)
        ordered = sorted(names, key=lambda name: {"golden": 0, "edge": 1}.get(name, 2))
        return {
            name: {
                variant: one.partitions[name]
                for variant, one in self.variants.items()
                if name in one.partitions
            }
            for name in ordered
        }
