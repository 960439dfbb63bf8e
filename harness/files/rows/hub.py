"""Rows of a data set by name, through the `datasets` library: from its cache or a local folder, never the network.

Who wants the hub to be asked sets HF_HUB_OFFLINE=0.
"""

import logging
import math
import os
import re
import tempfile
from collections.abc import Iterator, Mapping
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any

from harness.errors import EvalsetError, Fault
from harness.types.evalset import Source


def hub_rows(source: Source) -> Iterator[Mapping[str, Any]]:
    """Yield the rows of a data set in plain JSON types; names instead of the numbers of class labels.

    A local folder is one that `save_to_disk` wrote, or one of JSONL, CSV or Parquet files named by their split;
    it may be relative to the config. A null inside a struct is left out: Arrow fills it in where a row had none.
    Raises EvalsetError where there is no such data set, split, or library.
    """
    datasets = _library(source)
    # The Arrow copy of a folder is no use to anybody later: it lives as long as the reading.
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as cache:
        try:
            data = _wanted(_loaded(datasets, source, cache), source)
            for row in data:
                yield {name: _plain(value, data.features[name]) for name, value in row.items()}
        except (ValueError, TypeError, OSError, LookupError, datasets.exceptions.DatasetsError) as error:
            said = str(error.__cause__ or error).splitlines() or [type(error).__name__]
            what = f"the data set '{source.hf}' cannot be read ({said[0]})"
            raise EvalsetError(Fault(where=source.where, what=what, next=_next(error))) from None


def unpadded(value: Any) -> Any:
    """Leave out the nulls of every object inside `value`: columnar formats make rows of differing keys alike."""
    if isinstance(value, dict):
        return {key: unpadded(item) for key, item in value.items() if item is not None}
    return [unpadded(item) for item in value] if isinstance(value, list) else value


def folder_of(source: Source) -> str | None:
    """The local folder that `hf` names, as it stands or relative to the config; None for a name of the hub."""
    beside = Path(source.where.rpartition(":")[0] or ".").parent / (source.hf or "")
    return next((str(one) for one in (beside, Path(source.hf or "")) if source.hf and one.is_dir()), None)


def _library(source: Source) -> Any:
    offline = os.environ.setdefault("HF_HUB_OFFLINE", "1")
    os.environ.setdefault("HF_DATASETS_OFFLINE", offline)
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    try:
        import datasets
    except ImportError:
        what = f"the data set '{source.hf}' needs the `datasets` library"
        hint = "pip install 'variant-harness[datasets]'"
        raise EvalsetError(Fault(where=source.where, what=what, next=hint)) from None
    datasets.disable_progress_bars()
    datasets.logging.set_verbosity(logging.CRITICAL)  # what fails is raised, and told once
    return datasets


def _loaded(datasets: Any, source: Source, cache: str) -> Any:
    folder = folder_of(source)
    if folder and any(Path(folder, name).is_file() for name in ("dataset_dict.json", "dataset_info.json")):
        if source.config:
            raise ValueError("a saved data set has no config")
        return _split(datasets, datasets.load_from_disk(folder), source.split)
    if folder is None:
        return _split(datasets, datasets.load_dataset(source.hf, source.config, split=source.split), None)
    data = _split(datasets, datasets.load_dataset(folder, source.config, cache_dir=cache), source.split)
    if data.info.builder_name == "json" and any(map(_has_struct, data.features.values())):
        exact = {name: datasets.Json() if _has_struct(one) else one for name, one in data.features.items()}
        again = datasets.load_dataset(
            folder, source.config, cache_dir=cache, features=datasets.Features(exact)
        )
        data = _split(datasets, again, source.split)
    return data


def _split(datasets: Any, data: Any, split: str | None) -> Any:
    """The rows that a spec such as `validation[:500]` names; all where there is only one split and no spec."""
    if not isinstance(data, dict):
        if split is None:
            return data
        data = {re.split(r"[\[(+]", split)[0]: data}
    if split is None:
        if len(data) > 1:
            raise ValueError(f"it has the splits {', '.join(data)}: name one with split:")
        return next(iter(data.values()))
    sizes = {name: len(one) for name, one in data.items()}
    parts = datasets.ReadInstruction.from_spec(split).to_absolute(sizes)
    return datasets.concatenate_datasets(
        [
            data[part.splitname].select(
                range(part.from_ or 0, sizes[part.splitname] if part.to is None else part.to)
            )
            for part in parts
        ]
    )


def _wanted(data: Any, source: Source) -> Any:
    """Only the columns that are mapped, so that an image beside them is never decoded."""
    names = {re.split(r"[.\[]", column)[0] for column in source.map.values()} | set(source.map.values())
    known = [name for name in data.column_names if name in names]
    return data.select_columns(known) if known and source.map else data


def _has_struct(feature: Any) -> bool:
    """True where rows of differing keys are made alike."""
    if isinstance(feature, dict):
        return True
    inner = getattr(feature, "feature", None)
    return _has_struct(inner) if inner is not None else isinstance(feature, list)


def _plain(value: Any, feature: Any) -> Any:
    names = getattr(feature, "names", None)
    if names and isinstance(value, int):
        return feature.int2str(value) if value >= 0 else None
    plain = _json_value(value)
    return unpadded(plain) if _has_struct(feature) else plain


def _json_value(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _json_value(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_json_value(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        if math.isnan(value):
            return None
        raise ValueError(f"{value} is no number that can be used")
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value)
    if value is None or isinstance(value, str | int | float):
        return value
    raise TypeError(f"a {type(value).__name__} is neither text nor a number; map another column")


def _next(error: Exception) -> str:
    if isinstance(error, ConnectionError):
        return "it is not in the local cache; set HF_HUB_OFFLINE=0 once to let it be downloaded"
    return ""
