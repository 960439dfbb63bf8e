"""`harness reference serve`: the embedded endpoint, started by hand."""

from pathlib import Path
from typing import Literal


def reference(
    action: Literal["serve"],
    *,
    port: int = 8900,
    evalset: Path | None = None,
    faults: str = "",
    time_scale: float = 1.0,
) -> int:
    """Start the built-in reading model as an OpenAI-compatible server on loopback, until Ctrl-C.

    Args:
        action: serve
        port: 0 takes a free one.
        evalset: A folder whose train.jsonl and output.schema.json `reference-tuned` is fitted on.
        faults: Shares of injected faults, as 429:0.1,500:0.05,drop:0.02.
        time_scale: 0 answers at once, 1 is the declared pace.
    """
    del action
    from harness.files.evalsets import read_evalset
    from harness.reference.serve import serve
    from harness.types.evalset import EvalsetSpec

    train, schema = [], None
    if evalset is not None:
        found = read_evalset(EvalsetSpec(folder=str(evalset.resolve()), where="--evalset"))
        train = [
            {"inputs": row.inputs, "expected": row.expected} for row in found.partitions.get("train", ())
        ]
        schema = found.schema
    serve(port=port, train=train, schema=schema, faults=faults, time_scale=time_scale)
    return 0
