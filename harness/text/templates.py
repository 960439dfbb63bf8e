"""Prompt templates: Jinja in a sandbox, strict about names, blind to what the text that it is given says."""

import difflib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from harness.errors import ConfigError, Fault
from harness.text.similarity import as_text

OUTPUT_LIMIT = 2_000_000
"""Characters that one template may render; more is a mistake in a loop."""

_GLOBALS = ("range", "namespace")
"""What a template may use beside its variables. Jinja's others are for web pages."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """One template, compiled once, rendered from any thread."""

    where: str
    """The file, or the key of the config, that it stands in: for messages."""
    names: frozenset[str]
    """The variables that it reads, in any branch."""
    compiled: Any
    """The engine's own object."""

    def render(self, values: Mapping[str, Any]) -> str:
        """Fill the template in. What is not text is written as JSON; values are never read as templates.

        Raises:
            ConfigError: a variable is missing, the template fails on these values, or renders too much.
        """
        import jinja2

        pieces, length = [], 0
        try:
            for piece in self.compiled.generate(dict(values)):
                length += len(piece)
                if length > OUTPUT_LIMIT:
                    raise OverflowError(f"it renders more than {OUTPUT_LIMIT:,} characters")
                pieces.append(piece)
        except jinja2.UndefinedError as error:
            raise ConfigError(_missing(self.where, str(error), values)) from None
        except (jinja2.TemplateError, *_FAILURES) as error:
            raise ConfigError(
                Fault(where=self.where, what=f"the template fails: {error}", next="mend the template")
            ) from None
        return "".join(pieces)


_FAILURES = (ArithmeticError, AttributeError, LookupError, MemoryError, RecursionError, TypeError, ValueError)
"""What an expression over a user's data can end in."""


def parse(text: str, where: str) -> Template:
    """Compile a template. `where` names it in every message. ConfigError where it is not one, with its line."""
    import jinja2
    from jinja2 import meta

    engine = _engine()
    try:
        names = meta.find_undeclared_variables(engine.parse(text))
        return Template(
            where=where, names=frozenset(names.difference(_GLOBALS)), compiled=engine.from_string(text)
        )
    except jinja2.TemplateSyntaxError as error:
        fault = Fault(
            where=f"{where}:{error.lineno}" if "\n" in text.rstrip("\n") else where,
            what=f"not a template: {error.message}",
            next="write {{ name }} for an input; {% raw %}…{% endraw %} keeps braces as they are",
        )
        raise ConfigError(fault) from None
    except (SyntaxError, *_FAILURES) as error:
        raise ConfigError(
            Fault(where=where, what=f"not a template: {error}", next="mend the template")
        ) from None


def variables(text: str, where: str = "template") -> frozenset[str]:
    """The variables that a template reads, in any branch. ConfigError where it is not a template."""
    return parse(text, where).names


def _missing(where: str, message: str, values: Mapping[str, Any]) -> Fault:
    match = re.search(r"'(\w+)' is undefined", message)
    near = difflib.get_close_matches(match[1], list(values), n=1) if match else []
    hint = f"did you mean '{near[0]}'?" if near else f"known here: {', '.join(sorted(values)) or 'nothing'}"
    return Fault(where=where, what=f"undefined variable '{match[1]}'" if match else message, next=hint)


@cache
def _engine() -> Any:
    from jinja2 import StrictUndefined
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    class Sandbox(ImmutableSandboxedEnvironment):
        intercepted_binops = frozenset(("*", "**"))

        def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
            _guard(operator, left, right)
            return super().call_binop(context, operator, left, right)

    engine = Sandbox(
        undefined=StrictUndefined,
        keep_trailing_newline=True,
        autoescape=False,
        finalize=_written,
    )
    engine.globals = {name: engine.globals[name] for name in _GLOBALS}
    # Jinja's own escapes for HTML, and its draws are not seeded: neither belongs in a prompt.
    engine.filters["tojson"] = _tojson
    del engine.filters["random"]
    return engine


def _guard(operator: str, left: Any, right: Any) -> None:
    """Refuse what one operator would blow up to more than a template may render."""
    if operator == "**":
        if abs(right) > 64 or abs(left) > OUTPUT_LIMIT:
            raise OverflowError(f"{left} ** {right} is too large")
        return
    for many, times in ((left, right), (right, left)):
        if isinstance(times, int) and hasattr(many, "__len__") and len(many) * times > OUTPUT_LIMIT:
            raise OverflowError(f"it renders more than {OUTPUT_LIMIT:,} characters")


def _written(value: Any) -> Any:
    """Write a user's data as JSON; text and the harness's own objects write themselves."""
    plain = value is None or isinstance(value, (bool, int, float, list, tuple, Mapping))
    return as_text(value) if plain else value


def _tojson(value: Any, indent: int | None = None) -> str:
    return json.dumps(value, ensure_ascii=False, indent=indent, default=str)
