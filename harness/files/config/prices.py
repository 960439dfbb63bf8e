"""The project's prices: rows in place, or a file of them that several experiments share."""

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from harness.errors import ConfigError
from harness.files.config.faults import Faults, found
from harness.files.config.fields import Wrong, expand
from harness.files.config.models import price, providers
from harness.files.config.near import is_file, nearest_file
from harness.files.config.parts import PriceRow as Row
from harness.files.config.site import Site
from harness.files.config.yaml_tree import Node, Origin, decode, parse
from harness.types.experiment import PriceRow


def read_in(root: Node, environ: Mapping[str, str], faults: Faults) -> Node:
    """Put the rows of the file that `prices:` names in its place, each with the line that it has there."""
    node = root.entries.get("prices")
    if node is None or not isinstance(node.value, str):
        return root
    rest = {key: child for key, child in root.entries.items() if key != "prices"}
    try:
        table = _table(node, environ, faults)
    except Wrong as wrong:
        faults.at(node, wrong.what, wrong.hint)
    except ConfigError as error:
        faults.add(error.faults)
    else:
        rest["prices"] = replace(table, key_line=node.key_line)
    return replace(root, value=rest)


def rows(shape: Mapping[str, Row], site: Site) -> tuple[PriceRow, ...]:
    """Every row, with the file and the date that it comes from; a fault for a name that no model could have."""
    return tuple(_row(name, row, site) for name, row in shape.items())


def _table(node: Node, environ: Mapping[str, str], faults: Faults) -> Node:
    written = expand(str(node.value), environ).replace("\\", "/")
    path = os.path.normpath(Path(node.origin.folder) / written)
    if not is_file(path):
        raise Wrong(f"no such file '{written}'", nearest_file(path, written))
    beside = Path(node.origin.shown).parent if node.origin.lines else Path()
    shown = os.path.normpath(beside / written)
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        raise Wrong(f"{written} cannot be read ({error.strerror})") from None
    tree = parse(decode(data, shown), Origin(shown=shown, folder=str(Path(path).parent)), ("prices",))
    faults.add(tree.faults)
    if not isinstance(tree.root.value, Mapping):
        hint = "write provider/model: {input_usd_per_mtok: …}"
        raise Wrong(f"{written}: expected a mapping, found {found(tree.root)}", hint)
    return tree.root


def _row(name: str, row: Row, site: Site) -> PriceRow:
    at = ("prices", name)
    provider, slash, model = name.partition("/")
    if not (slash and model):
        site.fault_key(at, "a row is named provider/model", "as in openai/gpt-4o-mini")
    elif provider not in providers() and ":" not in provider:
        site.unknown_key(at, "provider", provider, providers())
    origin = site.node(*at).origin
    source = (
        "config" if origin.shown == site.root.origin.shown or not origin.lines else Path(origin.shown).name
    )
    told = price(row)
    assert told is not None
    source += f", as of {row.as_of}" if row.as_of else ""
    return PriceRow(model=name, base_url=row.base_url, price=replace(told, source=source))
