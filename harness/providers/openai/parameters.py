"""The parameters of one model as they can be sent: without what it is known, or has shown, not to take."""

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from harness.providers.openai.exchange import server_words
from harness.providers.openai.families import counts_completion_tokens, param_objections
from harness.types.experiment import ModelSpec

if TYPE_CHECKING:
    from openai import APIStatusError

_REFUSED_CODES = frozenset({"unsupported_parameter", "unsupported_value", "unknown_parameter"})
_PARAMETER = r"(?:(?:request|keyword) )?(?:parameter|value|name|field|argument)s?(?: supplied)?"
_WORDINGS = tuple(
    re.compile(wording, re.IGNORECASE)
    for wording in (
        rf"un(?:supported|known|recognized|expected) {_PARAMETER}:? ?[\"'`]?([a-z_]+)",
        r"([a-z_]+)[\"'`]? (?:is|are) (?:not (?:supported|permitted|allowed)|unsupported)",
        r"extra_forbidden[\"'], [\"']loc[\"']: [\[(][\"']body[\"'], [\"']([a-z_]+)",
    )
)
"""How servers that give no code name what they refuse: OpenAI of old and Google, Groq and many, FastAPI (vLLM)."""

_TOLD_AS: Mapping[str, str] = {"reasoning": "reasoning_effort", "max_output_tokens": "max_tokens"}
"""Keys of the config where a body has other ones."""
_NEVER_LEFT_OUT: Mapping[str, str] = {
    "messages": "",
    "input": "",
    "query": "",
    "documents": "",
    "model": "",
    "stream": "say stream: false",
    "response_format": "choose another output mode",
    "text": "choose another output mode",
    "tools": "choose another output mode, or leave tools: out",
    "tool_choice": "choose another output mode",
    "max_tokens": "leave max_tokens out",
    "max_completion_tokens": "leave it out, and give max_tokens",
    "max_output_tokens": "leave max_tokens out",
}
"""Without these it would be another question, or one that no bound of its cost holds for."""
_HINTS: Mapping[str, str] = {
    "stream_options": "say drop_unsupported: true (tokens and cost are then unknown), or stream: false",
    **dict.fromkeys(("store", "encoding_format", "top_n", "return_documents"), "say drop_unsupported: true"),
}
"""What is sent without the config's asking."""
_MERGED = ("text", "reasoning", "stream_options")
"""Keys of a body whose parts `extra` adds to; any other of its keys replaces what is there."""


class Parameters:
    """Remembers what the model refused. One for each provider, so that every call of a run learns from the first."""

    def __init__(self, model: ModelSpec) -> None:
        """Begin with what is known of the model."""
        known = [objection.key for objection in param_objections(model)] if model.drop_unsupported else []
        self._model = model
        self._known = dict.fromkeys(known)
        self._refused: dict[str, None] = {}
        self._completion_tokens = model.api == "chat" and counts_completion_tokens(model)

    def sent(self, repeat: int) -> dict[str, Any]:
        """The config's own parameters that may be sent. A seed moves with the repeat: each is a sample of its own."""
        params = {key: value for key, value in self._model.params.items() if key not in self._known}
        if "seed" in params:
            params["seed"] += repeat
        return params

    def settle(self, body: dict[str, Any]) -> dict[str, Any]:
        """Add `extra` to a body, as it stands, and take out what was refused."""
        for key, value in self._model.extra.items():
            merged = key in _MERGED and isinstance(value, Mapping) and isinstance(body.get(key), Mapping)
            body[key] = {**body[key], **value} if merged else value
        if self._completion_tokens and "max_tokens" in body:
            body.setdefault("max_completion_tokens", body.pop("max_tokens"))
        return {key: value for key, value in body.items() if key not in self._refused}

    @property
    def dropped(self) -> tuple[str, ...]:
        """What is left out, by the keys of the config."""
        return tuple(dict.fromkeys([*self._known, *(_TOLD_AS.get(key, key) for key in self._refused)]))

    def take_refusal(self, error: "APIStatusError", body: Mapping[str, Any]) -> tuple[str, bool]:
        """Learn from an error status: what is to be said of it, and whether the next try will differ.

        ("", False) where the answer names nothing that was sent as unsupported.
        """
        key, said = _refused_key(error, body)
        if key is None:
            return "", False
        renamed = key == "max_tokens" and "max_completion_tokens" in said
        told, learns = _TOLD_AS.get(key, key), self._model.drop_unsupported
        if renamed and learns:
            self._completion_tokens = True
            return "max_tokens is sent as max_completion_tokens from now on", True
        if renamed:
            return "send max_completion_tokens, under extra:, instead, or say drop_unsupported: true", False
        if key in _NEVER_LEFT_OUT:
            return _NEVER_LEFT_OUT[key], False
        if learns:
            self._refused[key] = None
            return f"{told} is dropped from now on", True
        return _HINTS.get(key, f"leave {told} out, or say drop_unsupported: true"), False


def _refused_key(error: "APIStatusError", body: Mapping[str, Any]) -> tuple[str | None, str]:
    """The key of the body that the server will not take, and the server's own words; None where it names none."""
    said = server_words(error)
    if error.status_code not in (400, 422):
        return None, said
    named = [str(error.param)] if str(error.code) in _REFUSED_CODES else []
    named += [found[1] for wording in _WORDINGS for found in wording.finditer(said)]
    keys = [name.partition(".")[0].partition("[")[0] for name in named]
    return next((key for key in keys if key in body), None), said
