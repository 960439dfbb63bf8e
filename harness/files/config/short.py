"""The short forms of the config, written out as the mappings that they stand for."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Any, Literal, get_args, get_origin

from harness.files.config.yaml_tree import Node


def write_out(root: Node) -> Node:
    """Write out every short form of a whole file; what is wrong stays as it is, for the shape to refuse."""
    from harness.files.config.shape import ExperimentFile

    return _written(root, ExperimentFile)


def is_bare(node: Node) -> bool:
    """Tell whether a single value stands there, which may be a short form."""
    return node.value is not None and (
        isinstance(node.value, str) or not isinstance(node.value, Mapping | Sequence)
    )


def _written(node: Node, annotation: Any) -> Node:
    shape, rows, scalar = _kinds(annotation)
    if shape is not None and shape.short and not scalar and is_bare(node):
        inner = replace(node, path=(*node.path, shape.short), bare=True)
        return replace(node, value={shape.short: inner})
    if isinstance(node.value, Mapping):
        below = {} if shape is None else {f.alias or n: f.annotation for n, f in shape.model_fields.items()}
        return replace(node, value={k: _written(n, below.get(k, rows)) for k, n in node.entries.items()})
    return replace(node, value=[_written(item, rows) for item in node.items]) if node.items else node


def _kinds(annotation: Any) -> tuple[Any, Any, bool]:
    """What an annotation allows: the shape of a mapping, what the rows of a list or dict are, a scalar as it is."""
    from harness.files.config.parts import Shape

    if annotation is None or annotation is type(None):
        return None, None, False
    if isinstance(annotation, type) and issubclass(annotation, Shape):
        return annotation, None, False
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _kinds(arguments[0])
    if origin in {list, dict}:
        return None, arguments[-1], False
    if origin is Literal or not arguments:
        return None, None, True
    kinds = [_kinds(option) for option in arguments]
    shape = next((kind[0] for kind in kinds if kind[0] is not None), None)
    rows = next((kind[1] for kind in kinds if kind[1] is not None), None)
    return shape, rows, any(kind[2] for kind in kinds)
