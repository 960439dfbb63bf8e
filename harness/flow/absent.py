"""Which relevant documents a retrieval variant could never have found, since its corpus does not hold them."""

from collections.abc import Mapping, Sequence, Set

from harness.files.corpus import read_documents
from harness.types.evalset import Evalset
from harness.types.experiment import StageSpec, Variant


def absent(variants: Sequence[Variant], evalset: Evalset) -> dict[str, tuple[str, ...] | None]:
    """Tell for each variant that retrieves the relevant documents that are not in its corpus, by id, sorted.

    None where nobody can list the corpus: a retriever of the user's own, or a collection that is only searched.
    Raises EvalsetError where a corpus cannot be read.
    """
    rows = [row for name, part in evalset.partitions.items() if name != "train" for row in part]
    relevant = {doc for row in rows for doc in row.relevant}
    known: dict[str | None, Set[str]] = {None: {document.id for document in evalset.documents}}
    return {
        variant.name: _missing(variant, relevant, known) if relevant else ()
        for variant in variants
        if variant.retrieves
    }


def _missing(
    variant: Variant, relevant: Set[str], known: dict[str | None, Set[str]]
) -> tuple[str, ...] | None:
    search = [stage for stage in variant.stages if stage.kind == "retrieve"][-1]
    if not _can_be_listed(search):
        return None
    corpus: str | None = search.options.get("corpus")
    if corpus not in known:
        known[corpus] = {document.id for document in read_documents(str(corpus))}
    return tuple(sorted(relevant - known[corpus]))


def _can_be_listed(search: StageSpec) -> bool:
    store: Mapping[str, object] = search.options.get("store") or {}
    return search.options.get("service") is None and store.get("collection") is None
