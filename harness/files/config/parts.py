"""What a user may write for a model and for the stages of a pipeline: the shape, its defaults and its bounds."""

from typing import Annotated, Any, ClassVar, Literal

from pydantic import (  # noqa: TID253 - the shape itself sleeps until a config is read
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    GetJsonSchemaHandler,
    Tag,
    model_validator,
)
from pydantic.json_schema import JsonSchemaValue  # noqa: TID253
from pydantic_core import CoreSchema

from harness.files.config.fields import DayText, JsonMap, NameText, PathText, UrlText, VariableName

Partition = Literal["golden", "edge", "train", "holdout", "recent"]
Count = Annotated[int, Field(ge=1)]
Usd = Annotated[float, Field(ge=0)]


class Shape(BaseModel):
    """A mapping of the config. `short` names the key that a bare value stands for."""

    model_config = ConfigDict(
        strict=True, extra="forbid", frozen=True, allow_inf_nan=False, use_attribute_docstrings=True
    )
    short: ClassVar[str | None] = None

    @classmethod
    def __get_pydantic_json_schema__(cls, core: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """Let the short form stand beside the long one."""
        schema = handler.resolve_ref_schema(handler(core))
        if cls.short is None:
            return schema
        bare = {k: v for k, v in schema["properties"][cls.short].items() if k not in {"default", "title"}}
        return {"anyOf": [bare, schema], "description": schema.get("description", "")}


class Price(Shape):
    """What a model costs, in US dollars; a rate that is left out is unknown, never free."""

    input_usd_per_mtok: Usd | None = None
    """Per million uncached input tokens."""
    cached_input_usd_per_mtok: Usd | None = None
    """Per million input tokens read from the vendor's cache."""
    cache_write_usd_per_mtok: Usd | None = None
    """Per million input tokens written to the vendor's cache."""
    output_usd_per_mtok: Usd | None = None
    """Per million output tokens, reasoning included."""
    request_usd: Usd = 0.0
    """Per request, whatever its size."""
    gpu_usd_per_hour: Usd | None = None
    """For a model on hardware of your own: what the hardware costs."""
    capacity_per_s: Annotated[float, Field(gt=0)] | None = None
    """Requests a second that the hardware serves; without it such a model stays unpriced."""
    utilisation: Annotated[float, Field(gt=0, le=1)] | None = None
    """The share of the hardware's time that is used."""
    processing: Literal["standard", "batch"] = "standard"
    """`batch`, and no rates beside it: the vendor's batch rates are looked up."""


class PriceRow(Price):
    """What one model costs, in every experiment that reads this row."""

    base_url: UrlText | None = None
    """The server that it holds for; left out: the vendor's own."""
    as_of: DayText | None = None
    """The day on which these were the prices; stands in the manifest."""


class Limits(Shape):
    """What the endpoint allows a minute."""

    rpm: Count | None = None
    """Requests a minute."""
    tpm: Count | None = None
    """Tokens a minute."""


class Model(Shape):
    """An endpoint, and the parameters that are sent to it."""

    provider: NameText
    """openai (any compatible server), reference, anthropic, litellm, or `package.module:Name`."""
    model: NameText
    """The model's id at the provider."""
    base_url: UrlText | None = None
    """Another server than the vendor's, `http://host:port/v1`."""
    api_key_env: VariableName | None = None
    """The name of the environment variable that holds the key; never the key."""
    api: Literal["chat", "responses"] = "chat"
    """Which of the vendor's interfaces is spoken."""
    stream: bool = False
    """Stream the answer, so that the time to the first token is known."""
    temperature: Annotated[float, Field(ge=0, le=2)] | None = None
    """Sampling temperature; left out: the provider's default."""
    top_p: Annotated[float, Field(gt=0, le=1)] | None = None
    """Nucleus sampling: the share of probability to draw from."""
    max_tokens: Count | None = None
    """The longest answer, in tokens."""
    stop: str | list[str] | None = None
    """Where the answer ends."""
    presence_penalty: Annotated[float, Field(ge=-2, le=2)] | None = None
    """Sent as it stands."""
    frequency_penalty: Annotated[float, Field(ge=-2, le=2)] | None = None
    """Sent as it stands."""
    reasoning_effort: str | None = None
    """How long a reasoning model thinks: low, medium, high, …"""
    seed: int | None = None
    """Sent with every call, plus the number of the repeat; left out: none is sent, but to the reference endpoint."""
    extra: JsonMap = Field(default_factory=dict)
    """Sent in the body beside the standard parameters."""
    drop_unsupported: bool = False
    """Leave out parameters that the model refuses, and say so in the report, instead of failing."""
    prompt_cache: bool = False
    """Mark the stable prefix (tools, system message) for the vendor's prompt cache, where it must be marked."""
    limits: Limits | None = None
    """The account's limits; they hold for all models at one endpoint with one key."""
    price: Price | None = None
    """Left out: looked up in the bundled table."""


ModelUse = Annotated[
    Annotated[NameText, Tag("<name>")] | Annotated[Model, Tag("<inline>")],
    Discriminator(lambda value: "<inline>" if isinstance(value, dict | Model) else "<name>"),
]
"""A name under `models:`, `provider/model`, or a model written in place."""


class FewShot(Shape):
    """Worked examples put into the prompt; drawn from the train partition only."""

    short: ClassVar[str | None] = "k"
    k: Count = 5
    """How many."""
    select: Literal["first", "random", "balanced", "similar"] = "similar"
    """The first of the file, a seeded draw, a seeded draw balanced over the labels, or the nearest to the input."""


class Chunk(Shape):
    """How documents are cut before they are searched."""

    tokens: Count | None = None
    """The longest chunk in tokens; 200 where neither this nor `characters` is given."""
    characters: Count | None = None
    """The longest chunk in characters, instead of `tokens`."""
    overlap: Annotated[int, Field(ge=0)] = 30
    """What two neighbouring chunks share, in the same unit."""
    by: Literal["heading"] | None = None
    """Cut at headings first."""

    @model_validator(mode="before")
    @classmethod
    def _default_size(cls, value: Any) -> Any:
        sized = not isinstance(value, dict) or "tokens" in value or "characters" in value
        return value if sized else {**value, "tokens": 200}


class Store(Shape):
    """Where the vectors lie."""

    short: ClassVar[str | None] = "kind"
    kind: Literal[
        "memory", "disk", "qdrant", "chroma", "pgvector", "weaviate", "pinecone", "http", "python"
    ] = "memory"
    """The kind of store."""


class Retrieve(Shape):
    """Passages looked up in a corpus and put into the prompt."""

    short: ClassVar[str | None] = "search"
    corpus: PathText | None = None
    """A folder of documents or a file; left out: the evalset's corpus."""
    chunk: Chunk = Chunk(tokens=200)
    """How documents are cut."""
    search: Literal["bm25", "dense", "hybrid"] = "bm25"
    """By words, by meaning, or both."""
    embed: ModelUse | None = None
    """The embedding model of a dense or hybrid search."""
    store: Store = Store()
    """Where the vectors lie."""
    top_k: Count = 8
    """How many passages."""
    query: str | None = None
    """A template of the search query; left out: the text of the inputs."""


class Rerank(Shape):
    """Retrieved passages put in a better order by a model."""

    short: ClassVar[str | None] = "model"
    model: ModelUse
    """The reranking model."""
    top_n: Count = 4
    """How many passages are kept."""


class Prompt(Shape):
    """The messages: each a file (.md, .txt, .j2, .jinja, .prompt) or a template in place."""

    short: ClassVar[str | None] = "system"
    system: str | None = None
    """The system message."""
    user: str | None = None
    """The user message; left out: the example's only input."""


class Output(Shape):
    """How the answer is asked for."""

    short: ClassVar[str | None] = "mode"
    mode: Literal["prompt", "json_object", "json_schema", "tool"] = "prompt"
    """By the prompt alone, or by the provider's structured output."""
    schema_: PathText | None = Field(default=None, alias="schema")
    """A JSON Schema file; left out: the evalset's."""


class Step(Shape):
    """One step of an explicit pipeline: exactly one of its keys, or `stage` with its `options`."""

    fewshot: FewShot | None = None
    """Worked examples from train."""
    retrieve: Retrieve | None = None
    """Passages from a corpus."""
    rerank: Rerank | None = None
    """The passages in a better order."""
    prompt: Prompt | None = None
    """The messages."""
    model: ModelUse | None = None
    """The model that answers; the last step."""
    stage: str | None = Field(default=None, pattern=r"^[\w.]+:\w+$")
    """A stage of your own, `package.module:Name`."""
    options: JsonMap | None = None
    """What `stage` is given."""


class Layer(Shape):
    """The steps of a variant, in the order fewshot, retrieve, rerank, prompt, model."""

    fewshot: FewShot | None = None
    """Worked examples from train."""
    retrieve: Retrieve | None = None
    """Passages from a corpus."""
    rerank: Rerank | None = None
    """The passages in a better order."""
    prompt: Prompt | None = None
    """The messages; a bare text is the system message."""
    model: ModelUse | None = None
    """A name under `models:`, `provider/model`, or a model written in place."""
    pipeline: Annotated[list[Step], Field(min_length=1)] | None = None
    """The steps in an order of your own, instead of the keys above."""
    output: Output | None = None
    """How the answer is asked for; left out: by the prompt alone."""
    tools: PathText | None = None
    """A JSON file with tool definitions."""
