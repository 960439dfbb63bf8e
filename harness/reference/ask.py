"""What a request asks of a model and what comes of it, whichever wire it came over."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import orjson

Shape = Literal["text", "json_object", "json_schema"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal(Exception):
    """The request cannot be served; becomes an error body in the shape of its wire."""

    status: int
    message: str
    param: str | None = None
    code: str | None = None
    retry_after_s: float | None = None

    def __str__(self) -> str:
        """Read as `status: message`."""
        return f"{self.status}: {self.message}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """One message of the conversation, its text parts joined."""

    role: Literal["system", "user", "assistant"]
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """One function that the model may call."""

    name: str
    description: str
    parameters: Mapping[str, Any]
    """JSON Schema of the arguments."""


@dataclass(frozen=True, kw_only=True)
class Ask:
    """All that an answer may depend on, and how it is to be delivered."""

    model: str
    turns: tuple[Turn, ...]
    shape: Shape = "text"
    schema: Mapping[str, Any] | None = None
    """Of the answer, where shape is json_schema."""
    tools: tuple[Tool, ...] = ()
    tool_choice: str = "auto"
    """none, auto, required, or the name of a tool."""
    seed: int | None = None
    max_tokens: int | None = None
    stop: tuple[str, ...] = ()
    stream: bool = False
    include_usage: bool = False
    slip: bool = True

    @cached_property
    def digest(self) -> bytes:
        """Of everything that the answer is a function of; all seeded draws start here."""
        asked = {
            "model": self.model,
            "turns": [[turn.role, turn.text] for turn in self.turns],
            "shape": self.shape,
            "schema": self.schema,
            "tools": [[tool.name, tool.description, tool.parameters] for tool in self.tools],
            "tool_choice": self.tool_choice,
            "seed": self.seed,
        }
        packed = orjson.dumps(asked, option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS)
        return hashlib.blake2b(packed, digest_size=16).digest()

    def draw(self, purpose: str) -> float:
        """A number in [0, 1) that depends on the request and on what it is for, and on nothing else."""
        state = hashlib.blake2b(self.digest, digest_size=8, person=purpose.encode()[:16])
        return int.from_bytes(state.digest(), "big") / 2**64


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the model says: a text, or one call of a tool."""

    text: str
    tool: str | None = None
    """Name of the tool that is called; `text` then holds its arguments as JSON."""
    finish: Literal["stop", "length", "tool"] = "stop"


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """Tokens of one exchange, as counted by this endpoint."""

    prompt_tokens: int
    output_tokens: int = 0
    cached_tokens: int = 0
    """Part of prompt_tokens."""
