"""Files that a config names beside the evalset: what a resume must find unchanged."""

from collections.abc import Iterator
from os.path import relpath
from pathlib import Path

from harness.files.corpus import corpus_files, file_digest
from harness.types.experiment import Experiment


def outside_digests(experiment: Experiment) -> dict[str, str]:
    """sha256 of every file of recorded outputs and of every corpus of a variant's own, by path from the config."""
    home = str(Path(experiment.file).resolve().parent)
    files = sorted(set(_files(experiment)))
    return {Path(relpath(file, home)).as_posix(): file_digest(file) for file in files}


def _files(experiment: Experiment) -> Iterator[str]:
    for variant in experiment.variants:
        if variant.model is not None and variant.model.provider == "recorded":
            yield str(variant.model.extra["file"])
        for stage in variant.stages:
            corpus = stage.options.get("corpus")
            if isinstance(corpus, str):
                yield from corpus_files(corpus)
