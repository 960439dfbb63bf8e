"""From what a config names to a network that is loaded: found, asked for once, and read on this machine."""

import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

from harness.errors import Fault, UsageError
from harness.registry import load
from harness.text.canonical import digest
from harness.text.quote import clip
from harness.types.experiment import ModelSpec

HUB_TIMEOUT_S = 10.0
_READS_PAIRS = ("ForSequenceClassification", "ForCausalLM")
"""Ends of the architectures that score a pair of texts, where nothing says that it is an embedding model."""
_CONSTRUCTED = ("device", "prompts", "truncate_dim", "revision", "trust_remote_code")
"""Keys of `extra` that a network is made with."""
_WHY: Mapping[str, str] = {
    "OfflineModeIsEnabled": "HF_HUB_OFFLINE is set",
    "GatedRepoError": "the Hugging Face Hub keeps it behind a gate (HF_TOKEN)",
    "RepositoryNotFoundError": "the Hugging Face Hub has no such model, or it is private (HF_TOKEN)",
    "RevisionNotFoundError": "the Hugging Face Hub has no such revision of it",
    "HFValidationError": "it is no id of a model either",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """A network, ready to be asked."""

    network: Any
    """A SentenceTransformer, or a CrossEncoder."""
    task: Literal["embed", "rerank"]
    given: str
    """Digest of the library's version and of the model's: its commit at the Hub, or its files' sizes and times."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a model is: a folder, or an id at the Hub."""

    name: str
    is_folder: bool


def load_network(model: ModelSpec) -> Loaded:
    """Find and load it; blocks. Raises UsageError where the library is missing, or where nothing can be loaded."""
    place = find_place(model)
    _wake(model)
    hub = "" if place.is_folder else _hub_objection(place, model)
    options = {key: model.extra[key] for key in _CONSTRUCTED if key in model.extra}
    options["local_files_only"] = bool(place.is_folder or hub)
    try:
        return _loaded(model, place, options)
    except UsageError:
        raise
    except Exception as error:
        said = f"is not on this machine, and {hub}" if hub else f"cannot be loaded: {_sentence(error)}"
        raise _fault(model, said) from error


def _loaded(model: ModelSpec, place: Place, options: Mapping[str, Any]) -> Loaded:
    from sentence_transformers import CrossEncoder, SentenceTransformer

    reads = {key: options[key] for key in ("local_files_only", "revision") if key in options}
    reranks = _is_cross_encoder(place, reads)
    network: Any
    if reranks:
        fit = {key: value for key, value in options.items() if key not in ("prompts", "truncate_dim")}
        network = CrossEncoder(place.name, **fit)
        if network.num_labels != 1:
            raise _fault(
                model, f"gives a pair of texts {network.num_labels} scores, and a reranker gives one"
            )
    else:
        network = SentenceTransformer(place.name, **options)
    if "max_seq_length" in model.extra:
        network.max_seq_length = model.extra["max_seq_length"]
    config = getattr(network.transformers_model, "config", None)
    own = _files(place) if place.is_folder else getattr(config, "_commit_hash", None)
    given = digest([version("sentence-transformers"), own])
    return Loaded(network=network, task="rerank" if reranks else "embed", given=given)


def find_place(model: ModelSpec) -> Place:
    """A folder, absolute or beside the config; what a function gives; or else an id. Raises UsageError for none."""
    named = model.model
    if ":" in named and not Path(named).is_absolute():
        named = _given_by(model)
    beside = Path(model.where.rpartition(":")[0]).parent
    folder = beside / Path(named).expanduser()
    if folder.is_dir():
        return Place(str(folder), is_folder=True)
    if named != model.model or named.startswith((".", "~", "/")) or "\\" in named or named.count("/") > 1:
        raise _fault(model, f"names no folder that there is: {folder}")
    return Place(named, is_folder=False)


def require_library(model: ModelSpec) -> None:
    """Raise UsageError where it is not installed. Imports nothing."""
    try:
        found = find_spec("sentence_transformers")
    except ValueError:  # something stands in its place
        found = None
    if found is None:
        what = f"model '{model.name}': sentence-transformers is not installed"
        raise UsageError(Fault(where=model.where, what=what, next="pip install 'variant-harness[local]'"))


def _given_by(model: ModelSpec) -> str:
    function = load({}, model.model, what="model", where=model.where)
    try:
        return str(os.fspath(function()))
    except Exception as error:
        raise _fault(model, f"gives no path: {_sentence(error)}") from error


def _wake(model: ModelSpec) -> None:
    """Import it, quietly: no telemetry, no progress bar, no advice about retries."""
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    require_library(model)
    from transformers.utils import logging as transformers_logging

    transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call] # the Hub's as well
    logging.getLogger("huggingface_hub").setLevel(logging.ERROR)


def _hub_objection(place: Place, model: ModelSpec) -> str:
    """Why the Hub will not give it, asked once: the library itself asks for a minute. Empty where it will."""
    from huggingface_hub import HfApi

    try:
        HfApi().model_info(place.name, revision=model.extra.get("revision"), timeout=HUB_TIMEOUT_S)
    except Exception as error:  # noqa: BLE001 - whatever it is: the files may still be on this machine
        return _WHY.get(type(error).__name__, "the Hugging Face Hub cannot be reached")
    return ""


def _is_cross_encoder(place: Place, reads: Mapping[str, Any]) -> bool:
    """What the library wrote beside the model says so, or else the architecture does."""
    said = _config(place, "config_sentence_transformers.json", reads)
    if said is not None:
        return said.get("model_type") == "CrossEncoder"
    architectures = (_config(place, "config.json", reads) or {}).get("architectures") or ()
    return any(str(one).endswith(_READS_PAIRS) for one in architectures)


def _config(place: Place, name: str, reads: Mapping[str, Any]) -> Mapping[str, Any] | None:
    from transformers import PretrainedConfig

    try:
        told: Mapping[str, Any] = PretrainedConfig.get_config_dict(
            place.name, _configuration_file=name, **reads
        )[0]
    except OSError:
        return None
    return told


def _files(place: Place) -> list[tuple[str, int, int]]:
    """What a folder holds, so that a model that is trained again in the same place is another one."""
    files = sorted(path for path in Path(place.name).rglob("*") if path.is_file())
    stats = [(path, path.stat()) for path in files]
    return [(path.relative_to(place.name).as_posix(), stat.st_size, stat.st_mtime_ns) for path, stat in stats]


def _fault(model: ModelSpec, said: str) -> UsageError:
    what = f"model '{model.name}': '{model.model}' {said}"
    hint = "name a folder, an id of the Hugging Face Hub, or package.module:function that gives a path"
    return UsageError(Fault(where=model.where, what=what, next=hint))


def _sentence(error: BaseException) -> str:
    return f"{type(error).__name__}: {clip(str(error), 200)}"
