"""Tool calls compared with expected ones: typed, in any order, each made call standing for one expected call.

The rules are those of the Berkeley Function-Calling Leaderboard's AST checker (its Python categories "simple" and
"parallel"), but for two: a whole number is taken where a real one is expected inside lists and objects too, and
parallel calls are paired so that as many as possible are right, where the leaderboard pairs first come, first served.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from harness.text.answers import is_list
from harness.text.quote import quote
from harness.text.tool_calls import MadeCall, Slot, WantedCall
from harness.text.tools import tool_parts

Definitions = Mapping[str, Mapping[str, Any]]
"""Function → the schema of its parameters, in JSON Schema's words or the leaderboard's (dict, float, tuple)."""

_NONE: Definitions = {}
_UNSAID = re.compile(r"[ ,./\-_*^]")
_REAL = {"number", "float"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Mismatch:
    """What first tells the calls from the expected ones."""

    kind: str
    """Of the functions: unexpected_call, no_call, wrong_function, missing_call, extra_call. Of the arguments:
    malformed_arguments, missing_argument, unknown_argument, wrong_type, wrong_value."""
    what: str
    """One line for a person."""


def definitions_of(tools: Any) -> Definitions:
    """Read tool definitions, a list or one alone. Raises ValueError, in one line, for what is none."""
    parts = [tool_parts(tool) for tool in (tools if is_list(tools) else [tools])]
    return {name: parameters for name, _, parameters in parts}


def functions_fault(
    made: Sequence[MadeCall], wanted: Sequence[WantedCall], definitions: Definitions = _NONE
) -> Mismatch | None:
    """Find what is wrong with the functions that were called, as a multiset; None where nothing is.

    A call may write the dots of a name as underscores, since most vendors allow no dots, and it may give the leading
    part of a defined name that an expected one lacks.
    """
    expected = Counter(call.name for call in wanted)
    called = Counter(call.name for call in _meant(made, wanted, definitions))
    missing, extra = expected - called, called - expected
    if not missing and not extra:
        return None
    if not wanted:
        return Mismatch(kind="unexpected_call", what=f"called {_listed(called)}, expected no call")
    if not made:
        return Mismatch(kind="no_call", what=f"no call, expected {_listed(expected)}")
    kind = "wrong_function" if missing and extra else "missing_call" if missing else "extra_call"
    return Mismatch(kind=kind, what=f"called {_listed(called)}, expected {_listed(expected)}")


def calls_fault(
    made: Sequence[MadeCall], wanted: Sequence[WantedCall], definitions: Definitions
) -> Mismatch | None:
    """Find what is wrong with the calls: first their functions, then their arguments; None where nothing is.

    Where a function has no definition, its acceptable values tell the types of its arguments. Where it has one, a
    whole number and a real one are the same for a parameter that is real, and a required parameter is never left out.
    """
    fault = functions_fault(made, wanted, definitions)
    if fault is not None:
        return fault
    made = _meant(made, wanted, definitions)
    schemas = [definitions.get(_defined(call.name, definitions), {}) for call in wanted]
    table = [
        [_call_fault(one, call, schema) for one in made] for call, schema in zip(wanted, schemas, strict=True)
    ]
    owner = _paired([[at for at, fault in enumerate(row) if fault is None] for row in table])
    free = [at for at in range(len(made)) if at not in owner]
    for row, call in enumerate(wanted):
        if row not in owner.values():
            return next(table[row][at] for at in free if made[at].name == call.name)
    return None


def _meant(
    made: Sequence[MadeCall], wanted: Sequence[WantedCall], definitions: Definitions
) -> Sequence[MadeCall]:
    """The calls under the names of the expected ones."""
    names: dict[str, str] = {}
    for call in wanted:
        defined = _defined(call.name, definitions)
        spellings = (call.name.replace(".", "_"), defined, defined.replace(".", "_"))
        names.update(dict.fromkeys(spellings, call.name))
    names.update({call.name: call.name for call in wanted})
    return [replace(call, name=names.get(call.name, call.name)) for call in made]


def _defined(name: str, definitions: Definitions) -> str:
    """The function as it is defined: an expected name may lack its definition's leading part."""
    within = [whole for whole in definitions if whole.endswith(f".{name}")]
    return within[0] if name not in definitions and len(within) == 1 else name


def _listed(names: Counter[str]) -> str:
    words = [name if count == 1 else f"{name} ({count} times)" for name, count in sorted(names.items())]
    return ", ".join(words[:4]) + (", …" if len(words) > 4 else "")


def _paired(fits: Sequence[Sequence[int]]) -> dict[int, int]:
    """Pair as many rows as can be with one of their places each (augmenting paths): place → row."""
    owner: dict[int, int] = {}

    def place(row: int, tried: set[int]) -> bool:
        for at in fits[row]:
            if at not in tried:
                tried.add(at)
                if at not in owner or place(owner[at], tried):
                    owner[at] = row
                    return True
        return False

    for row in range(len(fits)):
        place(row, set())
    return owner


def _call_fault(made: MadeCall, wanted: WantedCall, schema: Mapping[str, Any]) -> Mismatch | None:
    if made.name != wanted.name:
        return Mismatch(kind="wrong_function", what=f"called {made.name}, expected {wanted.name}")
    if made.arguments is None:
        return Mismatch(kind="malformed_arguments", what=f"{wanted.name}: the arguments are no JSON object")
    if wanted.arguments is None:
        return None
    fault = _object_fault(made.arguments, wanted.arguments, schema)
    return fault and replace(fault, what=f"{wanted.name}: {fault.what}")


def _object_fault(
    got: Mapping[str, Any], slots: Mapping[str, Slot], schema: Mapping[str, Any]
) -> Mismatch | None:
    for name, slot in slots.items():
        if name in got:
            below = _below(_below(schema, "properties"), name)
            if not _fills(got[name], slot, below):
                typed = any(_typed(got[name], value, below) for value in slot.values)
                kind = "wrong_value" if typed else "wrong_type"
                return Mismatch(kind=kind, what=f"{name} is {quote(got[name], 60)}, expected {_shown(slot)}")
        elif not slot.optional or name in (schema.get("required") or ()):
            return Mismatch(kind="missing_argument", what=f"no {name}, expected {_shown(slot)}")
    unknown = next((name for name in got if name not in slots), None)
    return (
        None if unknown is None else Mismatch(kind="unknown_argument", what=f"unknown {quote(unknown, 60)}")
    )


def _fills(got: Any, slot: Slot, schema: Mapping[str, Any]) -> bool:
    if slot.optional and (got == "" or (is_list(got) and not got)):
        # As good as left out, where an empty text or list is of the argument's type at all.
        return not slot.values or any(_typed(got, value, schema) for value in slot.values)
    return any(_fits(got, value, schema) for value in slot.values)


def _fits(got: Any, value: Any, schema: Mapping[str, Any]) -> bool:
    if not _typed(got, value, schema):
        return False
    if isinstance(value, Mapping):
        return _object_fault(got, value, schema) is None
    if is_list(value):
        items = _below(schema, "items")
        return len(got) == len(value) and all(
            _fits(one, item, items) for one, item in zip(got, value, strict=True)
        )
    if isinstance(value, str):
        return _spelt(got) == _spelt(value)
    return bool(got == value)


def _typed(got: Any, value: Any, schema: Mapping[str, Any]) -> bool:
    """Whether two values are of one type; a whole number is one of the real ones, and no other way round."""
    if isinstance(value, Mapping):
        return isinstance(got, Mapping)
    if is_list(value):
        return is_list(got)
    if isinstance(value, float) or (_is_whole(value) and _is_real(schema)):
        return isinstance(got, float) or _is_whole(got)
    return type(got) is type(value)


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_real(schema: Mapping[str, Any]) -> bool:
    kinds = schema.get("type")
    return any(kind in _REAL for kind in (kinds if isinstance(kinds, list | tuple) else (kinds,)))


def _spelt(text: str) -> str:
    """A text as the leaderboard compares it: neither case, nor spaces, nor , . / - _ * ^ mean anything."""
    return _UNSAID.sub("", text).lower().replace("'", '"')


def _below(schema: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = schema.get(key)
    return found if isinstance(found, Mapping) else {}


def _shown(slot: Slot) -> str:
    values = [quote(_plain(value), 60) for value in slot.values[:3]]
    return " or ".join(
        [*values, *(["…"] if len(slot.values) > 3 else []), *(["nothing"] if slot.optional else [])]
    )


def _plain(value: Any) -> Any:
    """A pattern as a person writes it: of several acceptable values, the first."""
    if isinstance(value, Mapping):
        return {name: _plain(slot.values[0]) for name, slot in value.items() if slot.values}
    return [_plain(item) for item in value] if is_list(value) else value
