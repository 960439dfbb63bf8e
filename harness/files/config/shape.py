"""Exactly what a user may write in an experiment file, as pydantic models: the shape, its defaults and its bounds."""

from typing import Annotated, ClassVar, Literal

from pydantic import ConfigDict, Field  # noqa: TID253 - the shape itself sleeps until a config is read

from harness.files.config.fields import Json, Key, Label, OneOrMore, OrFile, PathText
from harness.files.config.parts import Count, Model, Partition, PriceRow, Shape, Usd
from harness.files.config.step_parts import Layer
from harness.files.config.variant_parts import Variant

Share = Annotated[float, Field(ge=0, le=1)]
Positive = Annotated[float, Field(gt=0)]


class SourceFile(Shape):
    """One file, or one named data set, that a partition is read from."""

    short: ClassVar[str | None] = "file"
    file: PathText | None = None
    """JSONL, JSON, CSV, TSV or Parquet; gzip of these."""
    map: dict[str, str] = Field(default_factory=dict)
    """Part of an example → column: `{id: qid, inputs.question: question, expected: answers.text}`."""
    hf: str | None = None
    """A data set by name, read through the `datasets` library."""
    config: str | None = None
    """The data set's configuration."""
    split: str | None = None
    """The data set's split, `validation[:500]`."""


class Evalset(Shape):
    """A folder, or a mapping partition → source."""

    short: ClassVar[str | None] = "folder"
    folder: PathText | None = None
    """A folder with golden.jsonl, edge.jsonl, …"""
    golden: SourceFile | None = None
    """What a variant should get right."""
    edge: SourceFile | None = None
    """The held-out edge cases."""
    train: SourceFile | None = None
    """What few-shot may draw from and fine-tuning may learn from."""
    holdout: SourceFile | None = None
    """Like golden, read only when named."""
    recent: SourceFile | None = None
    """Recent production queries."""
    corpus: PathText | None = None
    """Documents for retrieval; left out: `corpus/` of the folder."""
    schema_: PathText | None = Field(default=None, alias="schema")
    """The JSON Schema of the answer; left out: `output.schema.json` of the folder."""


class Cache(Shape):
    """Answers kept from earlier runs."""

    short: ClassVar[str | None] = "mode"
    mode: Literal["off", "on", "read", "refresh"] = "off"
    """on: read and write; read; refresh: ask all anew and write. A run measures, so `off` is the default."""
    live: Annotated[int, Field(ge=0)] = 0
    """Examples of each partition, drawn by the seed, that are asked every time, so that latency can be judged: a bound
    of P95 needs 72. Left out: none, and a run that is answered from the cache in full has no latency."""


class Knowledge(Shape):
    """What the application must know."""

    changes: Literal["never", "yearly", "monthly", "weekly", "daily", "live"] | None = None
    """How often the facts change."""
    documents: Annotated[int, Field(ge=0)] | None = None
    """How many documents hold them."""
    structured: bool | None = None
    """True where they lie in tables rather than in text."""


class Needs(Shape):
    """What the application must meet."""

    queries_per_month: Annotated[list[Count], OneOrMore] | None = None
    """Volumes to reckon with."""
    peak_per_s: Positive | None = None
    """Requests a second at the busiest time."""
    latency_p95_ms: Positive | None = None
    """The slowest that 95 of 100 answers may be."""
    schema_failure_rate: Share | None = None
    """The share of answers that may break the schema."""
    citations: Literal["required", "wanted", "none"] | None = None
    """Whether answers must name their sources."""
    knowledge: Knowledge | None = None
    """What the application must know."""
    behaviour_changes_every_months: Positive | None = None
    """How often what is asked of it changes."""


class Metric(Shape):
    """One figure of the report: a scorer and its options, beside the keys here."""

    model_config = ConfigDict(extra="allow")
    short: ClassVar[str | None] = "scorer"
    scorer: str
    """A scorer by name, or `python:module:function`."""
    name: Label | None = None
    """What the report calls it; left out: the scorer's name."""
    primary: bool = False
    """True for the metric that decides; left out everywhere: the first one."""
    lenient: bool = False
    """Score the JSON inside an answer that is fenced or wrapped in prose, instead of zero."""
    __pydantic_extra__: dict[str, Json] = Field(init=False)


class Gate(Shape):
    """A promise that a run is judged by."""

    metric: str
    """A declared metric, or one that is always there; edge_regression: a gain on golden that edge pays for."""
    partition: Partition | None = None
    """Left out: golden; of edge_regression: edge."""
    variant: str | None = None
    """Left out: every candidate."""
    stage: str | None = None
    """For latency_p50_ms and latency_p95_ms: one stage instead of the whole trial."""
    at_least: float | None = None
    """Passes where the value is shown to reach this, fails where it is shown to lie below."""
    at_most: float | None = None
    """Passes where the value is shown to stay within this, fails where it is shown to lie above."""
    versus: str | None = None
    """control, baseline, or a variant: what to compare with, on the same examples."""
    margin: Annotated[float, Field(ge=0)] | None = None
    """How much worse than `versus` is still good enough: a share of 0 to 1, or milliseconds, dollars, the metric's own
    unit. Left out: it must be shown to be better; of edge_regression: 0.05."""
    certify_below: Annotated[float, Field(gt=0, le=1)] | None = None
    """For schema_failure_rate: the count of failures must show the rate to lie below this."""
    inconclusive: Literal["pass", "warn", "fail"] = "warn"
    """What an undecided gate counts as; `fail` ends the run in exit 3."""
    judge: Literal["interval", "point"] = "interval"
    """By bounds of 95 %, or by the value alone as a plain threshold."""
    advisory: bool = False
    """True: shown, never failing the run."""


class Ablation(Shape):
    """Variants made from a base and every choice of layers, named base+layer+layer."""

    base: Label
    """The variant without any of the layers."""
    layers: Annotated[dict[Key, Layer], Field(min_length=1, max_length=10)]
    """Name → the keys that the layer adds or changes."""
    design: Literal["full", "drop-one"] = "full"
    """Every choice of layers; or all of them, and all but one."""


class VariantEconomics(Shape):
    """What a variant costs beside its calls."""

    fixed_usd_per_month: Usd = 0.0
    """Hosting, licences."""
    one_off_usd: Usd = 0.0
    """Spent once, at the start."""
    training_runs: Annotated[int, Field(ge=0)] = 0
    """Training runs until the first good model."""
    usd_per_run: Usd = 0.0
    """What one of them costs."""
    retrain_every_months: Positive | None = None
    """Left out: never trained again."""
    retrain_usd: Usd = 0.0
    """What training it again costs."""
    engineering_weeks_per_retrain: Usd = 0.0
    """Weeks of work each time."""
    engineering_usd_per_week: Usd = 0.0
    """What a week of work costs."""


class Economics(Shape):
    """What the variants cost over months."""

    months: Annotated[list[Count], OneOrMore] = Field(default_factory=lambda: [12])
    """Horizons to reckon over."""
    variants: dict[Key, VariantEconomics] = Field(default_factory=dict)
    """By variant."""


class ExperimentFile(Shape):
    """An experiment: variants of an application, and what they are measured against."""

    name: Label | None = None
    """What the run folders are called; left out: the file's name."""
    description: str = ""
    """One line for the report: the question that the experiment answers."""
    extends: str | None = None
    """Another experiment file, whose keys this one takes over where it does not say otherwise."""
    evalset: Evalset
    """A folder, or a mapping partition → source."""
    seed: Annotated[int, Field(ge=0, lt=1 << 32)] = 0
    """Every draw and every order follows from it."""
    repeats: Count = 1
    """How often each example is asked."""
    concurrency: Annotated[int, Field(ge=1, le=1024)] = 8
    """Calls in flight at once."""
    timeout_s: Annotated[float, Field(gt=0, le=86_400)] = 60.0
    """Wall clock, per attempt, in seconds."""
    retries: Annotated[int, Field(ge=0, le=10)] = 3
    """Attempts are 1 + retries."""
    alpha: Annotated[float, Field(gt=0, lt=1)] = 0.05
    """The chance of a false alarm, over all comparative gates of a run together."""
    stop_early: bool = False
    """End the run at a planned look once the gates are decided."""
    cache: Cache = Cache()
    """Answers kept from earlier runs."""
    controls: list[Literal["closed-book", "oracle"]] = Field(default_factory=list)
    """Variants that the harness adds, to tell where retrieval fails."""
    needs: Needs | None = None
    """What the application must meet."""
    models: dict[Key, Model] = Field(default_factory=dict)
    """Endpoints by name."""
    prices: Annotated[dict[str, PriceRow], OrFile] = Field(default_factory=dict)
    """What models cost, by `provider/model`; or a file of such rows. A model's own `price` goes first."""
    control: Label | None = None
    """The variant that the others are compared with; left out: the first."""
    candidate: Annotated[list[Label], OneOrMore] | None = None
    """The variant that gates judge; left out: every variant but the control."""
    variants: Annotated[dict[Key, Variant], Field(min_length=1)]
    """The ways to answer, by name."""
    ablation: Ablation | None = None
    """Variants made from a base and layers."""
    metrics: list[Metric] = Field(default_factory=list)
    """What is measured."""
    gates: list[Gate] = Field(default_factory=list)
    """What a run must keep."""
    baseline: PathText | None = None
    """A file that `harness baseline` wrote."""
    economics: Economics | None = None
    """What the variants cost over months."""
