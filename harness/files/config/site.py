"""Where the parts of one merged experiment file stand, what is wrong with them, and the files that they name."""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from harness.errors import ConfigError
from harness.files.config.faults import Faults
from harness.files.config.fields import Located, Wrong, locate
from harness.files.config.near import is_file, is_folder, nearest_file
from harness.files.config.yaml_tree import Node
from harness.files.rows.strict_json import JsonFault, line_at
from harness.registry import nearest
from harness.text import templates

MAX_TEXT_BYTES = 4 << 20
_TEMPLATE_FILES = (".md", ".txt", ".j2", ".jinja", ".prompt")
_LIKE_A_PATH = re.compile(r"[\w.-]+([/\\][\w.-]+)+\.\w{1,8}")
"""No prompt reads like this, but a misspelt file name does."""

At = tuple[str | int, ...]
"""A place in the merged file."""

Check = Callable[[Any, str], Iterable[tuple[JsonFault, str]]]
"""What is wrong with the value that a JSON text holds: (what and where, what to do next)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """The merged tree, with what is found wrong in it and what is written out in place of its short words."""

    root: Node
    folder: str
    """Absolute: where the experiment file lies."""
    environ: Mapping[str, str]
    faults: Faults
    written: dict[At, Any] = field(default_factory=dict)
    """What the resolved config says at a place instead of what the file says: the text of a prompt, a default."""

    def node(self, *at: str | int) -> Node:
        """The node at a place, or the nearest one around it."""
        return self.root.find(*at)

    def where(self, *at: str | int) -> str:
        """`file:line` of the key at a place."""
        return self.node(*at).key_where

    def fault(self, at: At, what: str, hint: str = "") -> None:
        """Note what is wrong with the value at a place."""
        self.faults.at(self.node(*at), what, hint)

    def fault_key(self, at: At, what: str, hint: str = "") -> None:
        """Note what is wrong with the mapping at a place as a whole."""
        self.faults.at_key(self.node(*at), what, hint)

    def unknown(self, at: At, kind: str, word: str, known: list[str]) -> None:
        """Note a name that nothing has, with the nearest that something has."""
        self.fault(at, f"no {kind} '{word}'", self.meant(kind, word, known))

    def unknown_key(self, at: At, kind: str, word: str, known: list[str]) -> None:
        """The same for a name that stands as a key."""
        self.fault_key(at, f"no {kind} '{word}'", self.meant(kind, word, known))

    def meant(self, kind: str, word: str, known: list[str]) -> str:
        """The nearest name and where it stands, or all there are."""
        near = nearest(word, known)
        if near is None:
            return f"known: {', '.join(known) or 'none'}"
        return f"did you mean '{near}'{self._named_at(kind, near)}?"

    def _named_at(self, kind: str, name: str) -> str:
        """Where the experiment names it: the slip may be there. Nothing for a name that is the harness's own."""
        section = {"model": "models", "variant": "variants"}.get(kind)
        node = self.node(section, name) if section else None
        return f" ({node.key_where})" if node is not None and node.path[-1:] == (name,) else ""

    def present(
        self, at: At, located: Located | None, *, folder: bool = False, file: bool = True
    ) -> str | None:
        """The absolute path, once there is something there; None where none is named."""
        if located is None:
            return None
        there = (file and is_file(located.path)) or (folder and is_folder(located.path))
        if not there and not folder and is_folder(located.path):
            self.fault(at, f"'{located.written}' is a folder, not a file")
        elif not there:
            kind = (
                "no such file"
                if file and not folder
                else "no such folder"
                if not file
                else "no such file or folder"
            )
            read_as = f" ({located.path})" if "${" in located.written else ""
            self.fault(
                at, f"{kind} '{located.written}'{read_as}", nearest_file(located.path, located.written)
            )
        return located.path

    def template(self, at: At, value: str | None) -> tuple[str | None, str | None]:
        """The text of a template and the file that it was read from; a fault where it is none."""
        if value is None:
            return None, None
        node = self.node(*at)
        if not is_template_file(value):
            if _LIKE_A_PATH.fullmatch(value):
                self.faults.at(
                    node, f"'{value}' is no template file", f"those end in {', '.join(_TEMPLATE_FILES)}"
                )
            self._checked(node, value, None)
            return value, None
        try:
            located = locate(value, folder=node.origin.folder, root=self.folder, environ=self.environ)
        except Wrong as wrong:
            self.faults.at(node, wrong.what, wrong.hint)
            return None, None
        text = self._text(at, located)
        if text is not None:
            self._checked(node, text, located.written)
            self.written[at] = text
        return text, located.path

    def json(self, at: At, located: Located | None, check: Check | None = None) -> Any:
        """What a JSON file holds; None where none is named, or it cannot be read, or `check` finds a fault in it."""
        text = self._text(at, located) if located else None
        if text is None or located is None:
            return None
        try:
            value = json.loads(text)
            json.dumps(value, allow_nan=False)
        except (ValueError, RecursionError) as error:
            line = error.lineno if isinstance(error, json.JSONDecodeError) else 1
            self.fault(at, f"{located.written}:{line}: not JSON ({error})")
            return None
        found = list(check(value, text)) if check else []
        for fault, hint in found:
            self.fault(at, f"{located.written}:{line_at(text, fault.at or 0)}: {fault.what}", hint)
        if found:
            return None
        self.written[at] = value
        return value

    def _text(self, at: At, located: Located) -> str | None:
        path = self.present(at, located)
        if path is None or not is_file(path):
            return None
        try:
            data = Path(path).read_bytes()[: MAX_TEXT_BYTES + 1]
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            line = 1 + data[: error.start].count(b"\n")
            self.fault(at, f"{located.written}:{line}: not UTF-8", "save it as UTF-8")
        except OSError as error:
            self.fault(at, f"{located.written} cannot be read ({error.strerror})")
        else:
            if len(data) <= MAX_TEXT_BYTES:
                return text.replace("\r\n", "\n").replace("\r", "\n")
            self.fault(at, f"{located.written} is larger than {MAX_TEXT_BYTES >> 20} MiB")
        return None

    def check_template(self, at: At, text: str) -> None:
        """Note a text that is no template; it is never the name of a file."""
        self._checked(self.node(*at), text, None)

    def _checked(self, node: Node, text: str, file: str | None) -> None:
        try:
            templates.parse(text, "")
        except ConfigError as error:
            fault = error.faults[0]
            what = fault.what.rstrip(".")
            line = int(fault.where.lstrip(":") or 1)
            if file:
                self.faults.at(node, f"{file}:{line}: {what}", fault.next)
            else:
                block = node.text_line != node.line
                self.faults.at(replace(node, line=node.text_line + (line - 1) * block), what, fault.next)


def is_template_file(value: str) -> bool:
    """Tell a path from a template written in place: one line, no braces, and a name that templates have."""
    in_place = "\n" in value or "{{" in value or "{%" in value
    return not in_place and value.endswith(_TEMPLATE_FILES)
