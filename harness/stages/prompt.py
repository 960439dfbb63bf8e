"""The stage that writes the messages: templates, worked examples and passages, each in its place."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from harness.errors import ConfigError, Fault, UsageError
from harness.text import blocks, templates
from harness.text.similarity import as_text
from harness.types.call import Message
from harness.types.plugins import StageKit
from harness.types.trial import Draft, Shot

_PLACES = ("examples", "context")
"""Reserved in templates: where the worked examples and the passages go."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """Templates over the inputs of an example, by name, and `examples` and `context`.

    Where neither template says `{{ examples }}`, each becomes an earlier user turn (by the same template) and its
    assistant turn; where neither says `{{ context }}`, the passages stand in a block before the user message.
    """

    system: str | None = None
    user: str | None = None
    """None: the user message is the example's only input."""
    system_file: str | None = None
    """Where `system` was read from; its last newline is the file's, not the prompt's."""
    user_file: str | None = None

    async def open(self, kit: StageKit) -> "_Prompting":  # noqa: ARG002 - the shape of every stage
        """Compile both templates. ConfigError names the one that is not a template."""
        return _Prompting(
            _parsed(self.system, self.system_file, "prompt.system"),
            _parsed(self.user, self.user_file, "prompt.user"),
        )


def _parsed(text: str | None, file: str | None, key: str) -> templates.Template | None:
    if text is None:
        return None
    return templates.parse(text.removesuffix("\n") if file else text, file or key)


class _Prompting:
    name = "prompt"

    def __init__(self, system: templates.Template | None, user: templates.Template | None) -> None:
        self._system = system
        self._user = user
        self._places = {name for name in _PLACES for part in (system, user) if part and name in part.names}

    def __call__(self, draft: Draft) -> Draft:
        """Set the draft's messages. ConfigError where a template asks for what the example does not have."""
        return replace(draft, messages=tuple(self._messages(draft)))

    def longest(self, draft: Draft) -> Draft:
        """What it writes follows from the draft alone."""
        return self(draft)

    def _messages(self, draft: Draft) -> Iterator[Message]:
        examples, context = blocks.examples(draft.shots), blocks.context(draft.passages)
        values = self._values(draft.inputs, examples=examples, context=context)
        if self._system is not None and (system := self._system.render(values)).strip():
            yield Message(role="system", content=system)
        if "examples" not in self._places:
            yield from self._turns(draft.shots)
        user = self._asked(values, draft.inputs)
        if context.text and "context" not in self._places:
            user = f"{context.text}\n\n{user}"
        yield Message(role="user", content=user)

    def _turns(self, shots: Sequence[Shot]) -> Iterator[Message]:
        nothing = {"examples": blocks.examples(()), "context": blocks.context(())}
        for shot in shots:
            try:
                user = self._asked(self._values(shot.inputs, **nothing), shot.inputs)
            except ConfigError as error:
                what = f"as a turn for the worked example '{shot.id}'"
                raise ConfigError(
                    [replace(fault, what=f"{fault.what}, {what}") for fault in error.faults]
                ) from None
            yield Message(role="user", content=user)
            yield Message(role="assistant", content=shot.answer)

    def _asked(self, values: Mapping[str, Any], inputs: Mapping[str, Any]) -> str:
        if self._user is not None:
            return self._user.render(values)
        if len(inputs) != 1:
            names = ", ".join(inputs) or "none"
            raise UsageError(
                Fault(
                    where="prompt",
                    what=f"without prompt.user an example needs exactly one input, and has {len(inputs)} ({names})",
                    next=f'write prompt.user, such as "{{{{ {next(iter(inputs), "question")} }}}}"',
                )
            )
        return as_text(next(iter(inputs.values())))

    def _values(self, inputs: Mapping[str, Any], **places: blocks.Block) -> Mapping[str, Any]:
        taken = sorted(self._places.intersection(inputs))
        if taken:
            raise ConfigError(
                Fault(
                    where=next(
                        part.where for part in (self._user, self._system) if part and taken[0] in part.names
                    ),
                    what=f"'{taken[0]}' is an input of the example, and the place of the harness's own {taken[0]}",
                    next=f"map the input to another name (inputs.{taken[0]}_text: {taken[0]})",
                )
            )
        return {**inputs, **places}
