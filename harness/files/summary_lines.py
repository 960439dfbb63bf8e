"""summary.json back into its nouns."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from harness.errors import Fault, UsageError
from harness.types.summary import Summary


def summary_of(found: Mapping[str, Any]) -> Summary:
    """Read a summary. Raises UsageError for one that this version did not write and cannot read."""
    from pydantic import ValidationError

    try:
        read: Summary = _adapter().validate_python(found)
    except ValidationError as error:
        first = error.errors()[0]
        what = f"cannot be read at {'.'.join(str(part) for part in first['loc'])}: {first['msg']}"
        raise UsageError(
            Fault(where="summary.json", what=what, next="make it again with harness score")
        ) from None
    return read


@cache
def _adapter() -> Any:
    from pydantic import TypeAdapter

    return TypeAdapter(Summary)
