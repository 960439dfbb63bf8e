"""Files that a config names beside the evalset: what a resume must find unchanged."""

from collections.abc import Iterator
from os.path import relpath
from pathlib import Path

from harness.files.corpus import corpus_files, file_digest, read_documents
from harness.types.evalset import Evalset
from harness.types.experiment import Experiment


def outside_digests(experiment: Experiment) -> dict[str, str]:
    """sha256 of every file of recorded outputs and of every corpus of a variant's own, by path from the config."""
    home = str(Path(experiment.file).resolve().parent)
    files = sorted(set(_files(experiment)))
    return {Path(relpath(file, home)).as_posix(): file_digest(file) for file in files}


def document_ids(experiment: Experiment, evalset: Evalset) -> frozenset[str]:
    """The id of every document of the evalset and of every corpus of a variant's own. Raises EvalsetError."""
    own = [document for corpus in sorted(set(_corpora(experiment))) for document in read_documents(corpus)]
    return frozenset(document.id for document in (*evalset.documents, *own))


def _files(experiment: Experiment) -> Iterator[str]:
    for variant in experiment.variants:
        if variant.model is not None and variant.model.provider == "recorded":
            yield str(variant.model.extra["file"])
    for corpus in _corpora(experiment):
        yield from corpus_files(corpus)


def _corpora(experiment: Experiment) -> Iterator[str]:
    for variant in experiment.variants:
        for stage in variant.stages:
            corpus = stage.options.get("corpus")
            if isinstance(corpus, str):
                yield corpus
