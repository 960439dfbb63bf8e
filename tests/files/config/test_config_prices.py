"""`prices:`, in place or in a file of its own: strict, with the line of every fault in the file where it stands."""

from pathlib import Path

import pytest

from harness.errors import ConfigError
from harness.files.config.read import read_config
from harness.files.prices import with_prices
from harness.types.experiment import Price, PriceRow

CONFIG = """\
name: x
evalset: {golden: g.jsonl}
models:
  gpt: {provider: openai, model: gpt-4o-mini}
  own: {provider: openai, model: my-lora, base_url: "http://127.0.0.1:8000/v1"}
  mine: {provider: openai, model: gpt-4o-mini, price: {input_usd_per_mtok: 9, output_usd_per_mtok: 9}}
  batch: {provider: openai, model: gpt-4o-mini, price: {processing: batch}}
variants:
  a: {prompt: {user: "{{ q }}"}, model: gpt}
  b: {prompt: {user: "{{ q }}"}, model: own}
  c: {prompt: {user: "{{ q }}"}, model: mine}
  d: {prompt: {user: "{{ q }}"}, model: batch}
prices: PRICES
"""
ROWS = """\
# What we pay.
openai/gpt-4o-mini: {input_usd_per_mtok: 0.1, output_usd_per_mtok: 0.4, as_of: 2026-11-01}
openai/my-lora: {base_url: "${GPU:-http://127.0.0.1:8000/v1}", gpu_usd_per_hour: 2, capacity_per_s: 12, utilisation: 0.5}
"""


def read(folder: Path, rows: str, *, prices: str = "prices.yaml", sets: tuple[str, ...] = ()):
    """Write both files and read them."""
    (folder / "g.jsonl").write_text('{"inputs": {"q": "x"}}\n')
    (folder / "prices.yaml").write_text(rows, encoding="utf-8")
    (folder / "c.yaml").write_text(CONFIG.replace("PRICES", prices), encoding="utf-8")
    return read_config(folder / "c.yaml", sets=sets, environ={})


def prices_of(experiment):
    """Input rate and source, or None, by variant."""
    found = {v.name: v.model.price for v in with_prices(experiment).variants}
    return {
        name: price and (price.input_usd_per_mtok, price.source.split(",")[0])
        for name, price in found.items()
    }


def test_a_file_of_prices_goes_between_the_config_and_the_table(tmp_path):
    """A model's own price first, then the row of its name and server, then the table; each says where it is from."""
    experiment = read(tmp_path, ROWS)
    assert experiment.prices[0] == PriceRow(
        model="openai/gpt-4o-mini",
        base_url=None,
        price=Price(input_usd_per_mtok=0.1, output_usd_per_mtok=0.4, source="prices.yaml, as of 2026-11-01"),
    )
    assert prices_of(experiment) == {
        "a": (0.1, "prices.yaml"),
        "b": (None, "prices.yaml"),
        "c": (9, "config"),
        "d": (0.075, "genai-prices 0.2.3"),
    }


def test_what_was_read_belongs_to_the_config(tmp_path):
    """The rows stand in the resolved config, so that a resume notices another price as it does any other change."""
    first, second = read(tmp_path, ROWS), read(tmp_path, ROWS.replace("0.4", "0.5"))
    assert first.resolved["prices"]["openai/gpt-4o-mini"]["output_usd_per_mtok"] == 0.4
    assert first.digest != second.digest


def test_rows_may_stand_in_place_and_be_set(tmp_path):
    """A mapping instead of a path; `--set` changes a row of either, and adds to a file's."""
    place = '{"openai/gpt-4o-mini": {input_usd_per_mtok: 1, output_usd_per_mtok: 2}}'
    assert prices_of(read(tmp_path, "", prices=place))["a"] == (1, "config")
    changed = ('prices."openai/gpt-4o-mini".input_usd_per_mtok=7',)
    assert prices_of(read(tmp_path, "", prices=place, sets=changed))["a"] == (7, "config")
    assert prices_of(read(tmp_path, ROWS, sets=changed))["a"] == (7, "prices.yaml")
    assert prices_of(read(tmp_path, ROWS, prices="{}", sets=("prices=prices.yaml",)))["a"] == (
        0.1,
        "prices.yaml",
    )


def test_json_is_yaml(tmp_path):
    """The file may be JSON."""
    rows = '{"openai/gpt-4o-mini": {"input_usd_per_mtok": 3, "output_usd_per_mtok": 4}}'
    assert prices_of(read(tmp_path, rows))["a"] == (3, "prices.yaml")


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        (
            "openai/a:\n  input_usd_per_mtk: 1\n",
            "prices.yaml:2: prices.openai/a.input_usd_per_mtk: unknown key; did you mean 'input_usd_per_mtok'?",
        ),
        ("openai/a:\n  input_usd_per_mtok: -1\n", "prices.yaml:2: "),
        (
            "openai/a:\n  input_usd_per_mtok: .1\nopenai/a: {}\n",
            "prices.yaml:3: prices.openai/a: duplicate key",
        ),
        (
            "gpt-4o-mini: {input_usd_per_mtok: 1}\n",
            "prices.yaml:1: prices.gpt-4o-mini: a row is named provider/model",
        ),
        (
            "opnai/a: {input_usd_per_mtok: 1}\n",
            "prices.yaml:1: prices.opnai/a: no provider 'opnai'; did you mean 'openai'?",
        ),
        (
            "openai/a:\n  as_of: yesterday\n",
            "prices.yaml:2: prices.openai/a.as_of: no such day as 'yesterday'; write it as in 2026-11-01",
        ),
        (
            "openai/a:\n  as_of: 2026-02-30\n",
            "prices.yaml:2: prices.openai/a.as_of: no such day as '2026-02-30'",
        ),
        ("openai/a:\n  base_url: nowhere\n", "prices.yaml:2: prices.openai/a.base_url: expected a url"),
        ("- openai/a\n", "c.yaml:13: prices: prices.yaml: expected a mapping"),
        ("openai/a: {\n", "prices.yaml:"),
    ],
)
def test_every_fault_stands_at_its_line(tmp_path, rows, told):
    """Of the file that it is in, with all other faults of the config."""
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, rows)
    assert any(told in str(fault) for fault in caught.value.faults), str(caught.value)


def test_a_file_that_is_not_there_is_named(tmp_path):
    """With the one that was probably meant."""
    with pytest.raises(
        ConfigError, match=r"c\.yaml:13: prices: no such file 'prics\.yaml'; did you mean 'prices\.yaml'"
    ):
        read(tmp_path, ROWS, prices="prics.yaml")


def test_faults_of_both_files_come_together(tmp_path):
    """One pass over all that is wrong."""
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, "openai/a: {tokens: 1}\n", prices="prices.yaml\nrepeets: 2")
    assert len(caught.value.faults) == 2
