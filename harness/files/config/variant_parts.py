"""What a user may write for a variant: a pipeline, or one that is a whole by itself, with no step of ours in it."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field  # noqa: TID253 - the shape itself sleeps until a config is read

from harness.files.config.fields import (
    HeaderName,
    Json,
    JsonMap,
    JsonPathText,
    Key,
    Label,
    PathText,
    UrlText,
    VariableName,
)
from harness.files.config.parts import Limits, Partition, Price, Shape
from harness.files.config.step_parts import HttpDocuments, Layer, Output


class Match(Shape):
    """Which row of the outputs belongs to which example."""

    example: str = "id"
    """`id`, or a field of the example: `inputs.question`."""
    row: str = "id"
    """The column of the outputs file."""


class RecordedMap(Shape):
    """Our name → the column of the outputs file; a column that is not named here keeps its own name."""

    output: str | None = None
    """The answer."""
    repeat: str | None = None
    """Which repeat, from 0."""
    latency_ms: str | None = None
    """Milliseconds."""
    first_token_ms: str | None = None
    """Milliseconds."""
    input_tokens: str | None = None
    """Uncached input tokens."""
    cached_input_tokens: str | None = None
    """Input tokens read from a cache."""
    cache_write_tokens: str | None = None
    """Input tokens written to a cache."""
    output_tokens: str | None = None
    """Output tokens, reasoning included."""
    reasoning_tokens: str | None = None
    """The part of the output tokens that was reasoning."""
    cost_usd: str | None = None
    """US dollars for the whole trial."""
    finish_reason: str | None = None
    """Why the answer ended."""
    tool_calls: str | None = None
    """The calls of tools: a list, or its JSON text."""


class Recorded(Shape):
    """Outputs that were produced elsewhere: JSONL, JSON, CSV, TSV, Parquet."""

    short: ClassVar[str | None] = "file"
    file: PathText
    """The outputs file."""
    match: Match = Match()
    """Which row belongs to which example."""
    map: RecordedMap = RecordedMap()
    """Our names → the file's columns."""
    list: Literal["first", "join", "best"] = "first"
    """What is scored where an output is a list."""


class HttpUsage(Shape):
    """Where the reply tells its tokens: disjoint buckets, each a JSON path."""

    input_tokens: JsonPathText | None = None
    """Without those of the two caches."""
    cached_input_tokens: JsonPathText | None = None
    """Read from a cache."""
    cache_write_tokens: JsonPathText | None = None
    """Written to a cache."""
    output_tokens: JsonPathText | None = None
    """Reasoning included."""
    reasoning_tokens: JsonPathText | None = None
    """The part of the output tokens that was reasoning."""


class Http(Shape):
    """A whole application, asked over HTTP."""

    short: ClassVar[str | None] = "url"
    url: UrlText
    """Where it is asked. Nothing is followed from there."""
    method: Literal["POST", "GET", "PUT"] = "POST"
    """GET sends the request as the url's query."""
    headers_env: dict[HeaderName, VariableName] = Field(default_factory=dict)
    """Header → the environment variable that holds its value, `Bearer …` and all; never the value."""
    request: Json = None
    """What is sent, as JSON; its texts are templates over the inputs. Left out: the inputs as they stand."""
    answer: JsonPathText = "$"
    """Where the answer stands in the reply; `$` is all of it, plain text as well."""
    usage: HttpUsage = HttpUsage()
    """Where its tokens stand."""
    cost_usd: JsonPathText | None = None
    """Where its cost in US dollars stands; it goes before a price."""
    documents: HttpDocuments | None = None
    """Where it names what it retrieved."""
    stages: dict[Key, JsonPathText] = Field(default_factory=dict)
    """A name of your choice → where the milliseconds of that part stand."""
    tool_calls: JsonPathText | None = None
    """Where the calls of tools stand."""
    finish_reason: JsonPathText | None = None
    """Where it says why the answer ended: `length` is truncated, `content_filter` and `refusal` are refused."""
    model: JsonPathText | None = None
    """Where it names the model that answered."""
    price: Price | None = None
    """What a request or its tokens cost; left out: unknown, unless `cost_usd` is told."""
    limits: Limits | None = None
    """What the service allows."""


class Python(Shape):
    """A function of your own."""

    short: ClassVar[str | None] = "function"
    function: Annotated[str, Field(pattern=r"^[\w.]+:\w+$")]
    """`package.module:function`, importable from the config's folder; plain or async."""
    options: JsonMap = Field(default_factory=dict)
    """Handed over as keyword arguments."""
    price: Price | None = None
    """What a call or its tokens cost; left out: unknown, unless the function tells it."""
    limits: Limits | None = None
    """What it may be asked."""


class Variant(Layer):
    """One way to answer."""

    output: Output = Output()
    """How the answer is asked for."""
    extends: Label | None = None
    """Another variant, whose keys this one takes over where it does not say otherwise."""
    partitions: Annotated[list[Partition], Field(min_length=1)] | None = None
    """The only partitions that this variant is run on."""
    recorded: Recorded | None = None
    """Outputs that were produced elsewhere, instead of a model."""
    http: Http | None = None
    """An application asked over HTTP, instead of a model."""
    python: Python | None = None
    """A function of your own, `package.module:function`, instead of a model."""
