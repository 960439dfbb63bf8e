"""litellm itself, woken on first use and kept quiet: no download, no `.env`, no callback, no cache, no retry."""

import logging
import os
import re
import warnings
from collections.abc import Iterator, Mapping
from typing import Any

from harness.errors import Fault, UsageError
from harness.types.experiment import ModelSpec

_BEFORE_IMPORT = {
    "LITELLM_MODE": "PRODUCTION",  # in its other mode it reads the nearest .env into the environment
    "LITELLM_LOCAL_MODEL_COST_MAP": "True",
    "LITELLM_LOCAL_ANTHROPIC_BETA_HEADERS": "True",
    "LITELLM_LOCAL_AUTOROUTER_PRESETS": "True",
    "LITELLM_LOCAL_BLOG_POSTS": "True",
    "LITELLM_LOCAL_POLICY_TEMPLATES": "True",
}
"""It downloads each of these files where it is not told to use its own copy."""

_REDIRECTS = ("USE_LITELLM_PROXY", "LITELLM_ROUTE_ALL_CHAT_OPENAI_TO_RESPONSES")
"""Environment variables that would send calls elsewhere than the config says."""

_HOOKS = ("callbacks", "input_callback", "success_callback", "failure_callback", "service_callback")

_SWITCHES: Mapping[str, Any] = {
    **{f"{under}{name}": [] for name in _HOOKS for under in ("", "_async_")},
    "cache": None,
    "default_fallbacks": None,
    "model_fallbacks": None,
    "num_retries": None,
    "DEFAULT_MAX_RETRIES": 0,  # embeddings over the OpenAI SDK take it for their own 0
    "drop_params": False,
    "modify_params": False,
    "use_litellm_proxy": False,
    "set_verbose": False,
    "log_raw_request_response": False,
    "suppress_debug_info": True,
    "turn_off_message_logging": True,
    "disable_streaming_logging": True,
    "disable_token_counter": True,  # it invents usage, and looks for a tokenizer on the Hub to do so
}

_LOGGERS = ("LiteLLM", "LiteLLM Router", "LiteLLM Proxy")
_OF_THE_CALL = frozenset(
    {"extra_headers", "messages", "model", "stream", "timeout", "base_url", "drop_params"}
)
_SECRET = re.compile(r"KEY|TOKEN|SECRET|PASSWORD|CREDENTIAL")
_ACCOUNTS = {
    "bedrock": "AWS",
    "sagemaker": "AWS",
    "gemini": "GOOGLE",
    "vertex": "GOOGLE",
    "huggingface": "HF",
    "watsonx": "WX",
    "cohere": "CO",
}
"""Vendors whose environment variables begin with another word than their own."""


def wake(model: ModelSpec) -> Any:
    """Import litellm and switch off all that is not the call. Raises UsageError where it is not installed."""
    os.environ.update(_BEFORE_IMPORT)
    for name in _REDIRECTS:
        os.environ.pop(name, None)
    # It finishes its classes and imports its parts in its first calls, which warns: nothing that a user could mend.
    warnings.filterwarnings("ignore", module=r"litellm\b")
    warnings.filterwarnings("ignore", message=r"Item '\w+' on TypedDict", category=UserWarning)
    try:
        import litellm
    except ModuleNotFoundError as error:
        what = f"model '{model.name}' needs litellm, and {error.name} is not installed"
        hint = "pip install 'variant-harness[litellm]'"
        raise UsageError(Fault(where=model.where, what=what, next=hint)) from None
    for name, value in _SWITCHES.items():
        setattr(litellm, name, list(value) if isinstance(value, list) else value)
    for name in _LOGGERS:
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)  # its debug lines hold keys
    return litellm


def vendor_of(model: ModelSpec) -> tuple[str, str] | None:
    """The vendor, as litellm calls it, and the model's id there; None where litellm knows no such vendor."""
    litellm = wake(model)
    try:
        name, vendor, _, _ = litellm.get_llm_provider(model=model.model, api_base=model.base_url)
    except litellm.exceptions.BadRequestError:
        return None
    return str(vendor), str(name)


def missing_keys(model: ModelSpec) -> list[str]:
    """Environment variables that would hold the vendor's key, where none of them is set."""
    found: Mapping[str, Any] = wake(model).validate_environment(model=model.model)
    names = [str(name) for name in found["missing_keys"]]
    # Clouds find their credentials elsewhere too: profiles, roles, files.
    return [name for name in names if name.endswith(("_API_KEY", "_TOKEN"))]


def key_names(vendor: str) -> Iterator[str]:
    """Environment variables that are set and look like this vendor's keys."""
    first = vendor.partition("_")[0]
    stems = {_plain(vendor), _plain(first), _ACCOUNTS.get(first, _plain(first))}
    for name in os.environ:
        if _SECRET.search(name) and _plain(name).startswith(tuple(stems)):
            yield name


def vendors_headers() -> Iterator[str]:
    """Headers, in lower case, that the OpenAI SDK under litellm takes from its own variables, whatever the host."""
    yield from ("openai-organization", "openai-project")
    for line in os.environ.get("OPENAI_CUSTOM_HEADERS", "").splitlines():
        yield line.partition(":")[0].strip().lower()


def is_litellms_own(name: str) -> bool:
    """True for an argument that litellm takes for itself, and never sends to a model."""
    from litellm.types.utils import is_litellm_owned_kwarg

    return name in _OF_THE_CALL or (name != "api_version" and bool(is_litellm_owned_kwarg(name)))


def mapped(model: ModelSpec, vendor: tuple[str, str], **params: Any) -> Mapping[str, Any]:
    """What litellm makes of parameters for this model. Raises ValueError, in one line, where it refuses them."""
    litellm = wake(model)
    try:
        made: Mapping[str, Any] = litellm.utils.get_optional_params(
            model=vendor[1], custom_llm_provider=vendor[0], drop_params=False, **params
        )
    except Exception as error:
        raise ValueError(first_sentence(error)) from error
    return made


def first_sentence(error: BaseException) -> str:
    """What litellm says, without its class names, its advice and its tracebacks."""
    told = str(error).strip().split("\n")[0]
    told = re.sub(r"^(litellm\.)?(\w+(Error|Exception)( -)?:? *)+", "", told)
    return (
        re.split(r"[.,]? +(?:To drop|If you|Handle with)", told)[0].rstrip(" .,")[:300]
        or type(error).__name__
    )


def _plain(name: str) -> str:
    return re.sub(r"[^A-Z0-9]", "", name.upper())
