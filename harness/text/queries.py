"""What is searched for: the text of a query, from an example's inputs or as a model rewrote it."""

from harness.text import templates
from harness.text.similarity import inputs_text
from harness.types.trial import Draft


def query_template(text: str | None) -> templates.Template | None:
    """Compile `query:`; None stands for the text of all inputs. ConfigError where it is no template."""
    return None if text is None else templates.parse(text, "retrieve.query")


def query_text(draft: Draft, template: templates.Template | None, *, rewritten: bool = False) -> str:
    """The query of one draft: the model's, where a step has rewritten it and this search reads that."""
    if rewritten and draft.rewritten:
        return draft.rewritten
    return inputs_text(draft.inputs) if template is None else template.render(draft.inputs)
