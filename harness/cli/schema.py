"""`harness schema`: the JSON Schema of the experiment file, for editors."""

from harness.cli.voice import tell_json


def schema() -> int:
    """Print the JSON Schema of the experiment file, for editors."""
    from harness.files.config.schema import config_schema

    tell_json(config_schema())
    return 0
