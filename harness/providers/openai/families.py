"""Which of the vendor's own models reason, and what they then do not take.

From OpenAI's guides to reasoning and to each model, the SDK's documentation of the parameters, and the errors that
its API answers with (2026). Only what is sure is here: a model or a value that is not known is left to the server.
"""

import re
from collections.abc import Iterator
from typing import Literal

from harness.types.experiment import ModelSpec
from harness.types.plugins import Objection

Reasoning = Literal["always", "unless off", "on request", "never", "unknown"]

_FAMILIES: tuple[tuple[str, Reasoning], ...] = (
    (r"o[134]", "always"),
    (r"gpt-5-chat", "never"),
    (r"gpt-5\.[123]-chat", "always"),
    (r"gpt-5(\.\d)?-pro", "always"),
    (r"gpt-5\.1-codex", "always"),
    (r"gpt-5\.[1234]", "on request"),
    (r"gpt-5\.[56]", "unless off"),
    (r"gpt-5", "always"),
    (r"gpt-4(\.\d)?|gpt-3\.5|chatgpt-4", "never"),
)
"""The first that matches a whole part of the id counts. "On request" means that `reasoning_effort` is none by default."""

_SAMPLING = {"temperature": 1, "top_p": 1, "presence_penalty": 0, "frequency_penalty": 0}
"""What a reasoning model takes at its default only."""
_NO_STOP = re.compile(r"(o3(?!-mini)|o4|gpt-5)(?![0-9])")
_NOT_OF_RESPONSES = ("seed", "stop", "presence_penalty", "frequency_penalty")
_COMPLETION_TOKENS = re.compile(r"o\d|gpt-5(?!-chat)|gpt-[6-9]")


def base_name(model: ModelSpec) -> str:
    """The id of the vendor's model, or of the one that a fine-tuned id (`ft:base:org::id`) was made from."""
    return model.model.split(":")[1] if is_fine_tuned(model) else model.model


def is_fine_tuned(model: ModelSpec) -> bool:
    """True for `ft:…`."""
    return model.model.startswith("ft:")


def is_vendors(model: ModelSpec) -> bool:
    """True where the vendor's own endpoint is asked: of another server nothing is known."""
    return model.base_url is None


def counts_completion_tokens(model: ModelSpec) -> bool:
    """True where chat takes `max_completion_tokens` and refuses `max_tokens`."""
    return is_vendors(model) and bool(_COMPLETION_TOKENS.match(base_name(model)))


def param_objections(model: ModelSpec) -> Iterator[Objection]:
    """The parameters of the config that this model will surely refuse."""
    if not is_vendors(model):
        return
    reasoning, effort = _reasoning(base_name(model)), model.params.get("reasoning_effort")
    thinks = reasoning == "always" or (effort or _default_effort(reasoning)) not in ("none", None)
    for key, value in model.params.items():
        if model.api == "responses" and key in _NOT_OF_RESPONSES:
            yield _objection(key, f"the Responses API does not take {key}", "set api: chat")
        elif key == "reasoning_effort" and reasoning == "never":
            yield _objection(key, f"{model.model} does not reason, and does not take {key}")
        elif thinks and reasoning not in ("never", "unknown") and _refused(key, value, base_name(model)):
            hint = "" if reasoning == "always" else "set reasoning_effort: none"
            yield _objection(key, f"{model.model} does not take {key} {value} while it reasons", hint)


def _reasoning(name: str) -> Reasoning:
    return next((kind for family, kind in _FAMILIES if re.match(rf"(?:{family})(?![0-9.])", name)), "unknown")


def _default_effort(reasoning: Reasoning) -> str | None:
    return "medium" if reasoning == "unless off" else None


def _refused(key: str, value: object, name: str) -> bool:
    if key == "stop":
        return bool(_NO_STOP.match(name))
    return key in _SAMPLING and value not in (None, _SAMPLING[key])


def _objection(key: str, what: str, hint: str = "") -> Objection:
    leave = f"leave {key} out, or say drop_unsupported: true"
    return Objection(key=key, what=what, next=f"{hint}, {leave}" if hint else leave)
