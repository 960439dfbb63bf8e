"""Data sets by name come through the `datasets` library unchanged, and without the network."""

import json
import sys
from pathlib import Path

import pytest

from harness.errors import EvalsetError
from harness.files.rows.tables import read_rows
from harness.types.evalset import Source


@pytest.fixture
def library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> object:
    """The `datasets` library, offline, with a cache of its own."""
    for name in ("HF_HUB_OFFLINE", "HF_DATASETS_OFFLINE"):
        monkeypatch.setenv(name, "1")
    monkeypatch.setenv("HF_HOME", str(tmp_path / "home"))
    return pytest.importorskip("datasets")


def hub(where: Path, **source: object) -> list[dict[str, object]]:
    """Read a data set that a config names on its fourth line."""
    spec = Source(where=f"{where}:4", **source)
    return [dict(row.data) for row in read_rows(spec)]


def test_a_saved_data_set_is_read_by_path(library, tmp_path: Path) -> None:
    """One split is read whole, sliced, or named beside others; a path may be relative to the config."""
    one = library.Dataset.from_list([{"q": f"q{n}", "n": n} for n in range(10)])
    one.save_to_disk(str(tmp_path / "one"))
    library.DatasetDict({"train": one, "validation": one}).save_to_disk(str(tmp_path / "two"))
    config = tmp_path / "x.yaml"
    assert len(hub(config, hf="one")) == 10
    assert hub(config, hf=str(tmp_path / "two"), split="validation[:2]") == [
        {"q": "q0", "n": 0},
        {"q": "q1", "n": 1},
    ]
    assert [row["n"] for row in hub(config, hf="two", split="train[80%:]+validation[:1]")] == [8, 9, 0]
    assert [row.where for row in read_rows(Source(hf="one", split="x[:1]", where=f"{config}:4"))] == [
        "one:row 1"
    ]
    for source, said in (
        ({"hf": "two"}, "it has the splits train, validation: name one"),
        ({"hf": "two", "split": "trian"}, 'Unknown split "trian"'),
        ({"hf": "two", "split": "train[:"}, "Unrecognized instruction format"),
        ({"hf": "one", "config": "en"}, "has no config"),
    ):
        with pytest.raises(EvalsetError, match=r"x\.yaml:4: the data set ") as caught:
            hub(config, **source)
        assert said in str(caught.value)


def test_gold_objects_survive_the_library(library, tmp_path: Path) -> None:
    """Rows whose objects have differing keys come back as they were written, though Arrow has one schema for all."""
    golds = [{"a": 1, "b": None}, {"b": "s"}, {"a": 2, "c": [{"x": 1}, {"y": 2}]}]
    folder = tmp_path / "plain"
    folder.mkdir()
    lines = [json.dumps({"q": "?", "gold": gold}) for gold in golds]
    (folder / "train.jsonl").write_text("\n".join(lines), encoding="utf-8")
    assert [row["gold"] for row in hub(tmp_path / "x.yaml", hf="plain", split="train")] == golds
    library.Dataset.from_list([{"gold": {"a": 1}}, {"gold": {"b": "s"}}]).save_to_disk(
        str(tmp_path / "saved")
    )
    assert [row["gold"] for row in hub(tmp_path / "x.yaml", hf="saved")] == [{"a": 1}, {"b": "s"}]


def test_a_null_that_was_written_survives_the_library(library, tmp_path: Path) -> None:
    """Where all rows of a JSON file have the same keys, a null in one of them is its own."""
    folder = tmp_path / "plain"
    folder.mkdir()
    golds = [{"a": 1, "b": {"c": None}}, {"a": None, "b": {"c": 2}}]
    (folder / "train.jsonl").write_text(
        "\n".join(json.dumps({"gold": one}) for one in golds), encoding="utf-8"
    )
    assert [row["gold"] for row in hub(tmp_path / "x.yaml", hf="plain")] == golds


def test_a_name_that_is_not_in_the_cache_is_not_looked_for(library, tmp_path: Path) -> None:
    """Nothing goes to the network unless it is allowed to, and the message says how to allow it."""
    if not library.config.HF_HUB_OFFLINE:
        pytest.skip("the library was loaded for the network before")
    with pytest.raises(EvalsetError, match="the data set 'nobody/nothing' cannot be read") as caught:
        hub(tmp_path / "x.yaml", hf="nobody/nothing", split="validation[:5]")
    assert "set HF_HUB_OFFLINE=0 once" in str(caught.value)


def test_labels_come_by_name_and_only_mapped_columns_are_read(library, tmp_path: Path) -> None:
    """A class label is its name, -1 is no label, and a column that nobody maps may hold anything."""
    features = library.Features(
        {
            "t": library.Value("string"),
            "label": library.ClassLabel(names=["no", "yes"]),
            "raw": library.Value("binary"),
            "f": library.Value("float64"),
            "d": library.Value("timestamp[s]"),
        }
    )
    columns = {
        "t": ["a", "b"],
        "label": [1, -1],
        "raw": [b"\xff", b"\x00"],
        "f": [0.5, float("nan")],
        "d": [0, 60],
    }
    library.Dataset.from_dict(columns, features=features).save_to_disk(str(tmp_path / "d"))
    mapped = {"inputs.t": "t", "expected": "label", "meta.f": "f", "meta.d": "d"}
    assert hub(tmp_path / "x.yaml", hf="d", map=mapped) == [
        {"t": "a", "label": "yes", "f": 0.5, "d": "1970-01-01T00:00:00"},
        {"t": "b", "label": None, "f": None, "d": "1970-01-01T00:01:00"},
    ]
    with pytest.raises(EvalsetError, match="map another column"):
        hub(tmp_path / "x.yaml", hf="d", map={"inputs.t": "raw"})


def test_a_torn_or_unknown_data_set_is_one_line(library, tmp_path: Path) -> None:
    """What the library says about a broken file, and what to do about a name that is not in the cache."""
    folder = tmp_path / "torn"
    folder.mkdir()
    (folder / "train.jsonl").write_text('{"a": 1}\n{torn\n', encoding="utf-8")
    with pytest.raises(EvalsetError, match="the data set 'torn' cannot be read") as caught:
        hub(tmp_path / "x.yaml", hf="torn")
    assert "\n" not in str(caught.value)


def test_without_the_library_the_command_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`datasets` is an extra: who needs it reads how to install it."""
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(EvalsetError, match=r"pip install 'variant-harness\[datasets\]'"):
        hub(tmp_path / "x.yaml", hf="squad", split="validation[:5]")
