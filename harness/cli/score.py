"""`harness score RUN`: judge the stored records again, without one call."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from harness.cli.conclude import judge, show_result
from harness.cli.flags import listed
from harness.cli.prepare import prepare
from harness.errors import Fault, UsageError
from harness.files.ledger import find_run


def score(
    run: str,
    *,
    config: Path | None = None,
    out: Path = Path("results"),
    json: Annotated[bool, Parameter(negative="")] = False,
) -> int:
    """Score a run's stored records again: changed metrics, prices or schema, no provider call.

    Args:
        run: A run folder, a run id, or latest.
        config: Judge by this config instead of the one that the run was started with.
        out: The folder that holds the runs.
        json: Print summary.json instead of the table.
    """
    ledger = find_run(run, out)
    manifest = ledger.manifest()
    file = config or Path(manifest.config_file)
    if not file.is_file():
        what = f"the run's config {file} is not to be found from here"
        raise UsageError(Fault(where=run, what=what, next="name it: --config FILE"))
    sets = () if config else manifest.selection["set"]
    prepared = prepare(file, sets=sets, partitions=listed(manifest.selection["partitions"]))
    models = [(variant.name, variant.model) for variant in prepared.experiment.variants]
    prices = {name: {model.name: model.price} for name, model in models if model}
    show_result(ledger, judge(ledger, prepared.panel, prices), as_json=json)
    return 0
