"""Rows come out of every format alike, each with its place; what is not sound is named, never dropped."""

import gzip
import json
import locale
from pathlib import Path

import duckdb
import pytest

from harness.errors import EvalsetError
from harness.files.rows.tables import read_rows
from harness.types.evalset import Source

ROWS = [{"id": "a", "q": "Grüße, 東京?", "n": 1}, {"id": "b", "q": 'say "hi";\nthen go', "n": 2}]


def rows(path: Path, **source: object) -> list[tuple[str, dict[str, object]]]:
    """Read a file: (where, without the path; data) of each row."""
    found = list(read_rows(Source(file=str(path), **source)))
    return [(row.where.removeprefix(str(path)), dict(row.data)) for row in found]


def faults(path: Path) -> list[str]:
    """Read a file that is refused: its faults, without the path."""
    with pytest.raises(EvalsetError) as caught:
        list(read_rows(Source(file=str(path))))
    return [str(fault).removeprefix(str(path)) for fault in caught.value.faults]


def write(path: Path, content: bytes | str) -> Path:
    """Write a file, packed where its name says so."""
    data = content.encode() if isinstance(content, str) else content
    path.write_bytes(gzip.compress(data, mtime=0) if path.name.endswith(".gz") else data)
    return path


def as_csv(delimiter: str) -> str:
    """ROWS with a header, every text quoted."""
    return (
        delimiter.join(("id", "q", "n"))
        + "\n"
        + "\n".join(
            delimiter.join((str(row["id"]), '"' + str(row["q"]).replace('"', '""') + '"', str(row["n"])))
            for row in ROWS
        )
    )


JSONL = "\n".join(json.dumps(row, ensure_ascii=False) for row in ROWS)


@pytest.mark.parametrize("packed", ["", ".gz"])
@pytest.mark.parametrize(
    ("name", "content", "lines"),
    [
        ("x.jsonl", JSONL, (1, 2)),
        ("x.ndjson", JSONL.replace("\n", "\r\n\r\n"), (1, 3)),
        ("x.json", json.dumps(ROWS, indent=1), (2, 7)),
        ("y.json", json.dumps({"version": "1", "labels": ["p"], "data": ROWS}, indent=1), (7, 12)),
        ("z.json", JSONL, (1, 2)),
    ],
)
def test_json_formats_give_the_same_rows(
    tmp_path: Path, name: str, content: str, lines: tuple[int, ...], packed: str
) -> None:
    """JSON Lines, an array, and an object around an array hold the same rows, each placed at its first line."""
    for head in ("", "\ufeff"):
        path = write(tmp_path / (name + packed), head + content)
        assert rows(path) == [(f":{line}", row) for line, row in zip(lines, ROWS, strict=True)]


@pytest.mark.parametrize("packed", ["", ".gz"])
@pytest.mark.parametrize(
    ("name", "delimiter"), [("x.csv", ","), ("x.csv", ";"), ("x.csv", "\t"), ("x.tsv", "\t")]
)
def test_separated_formats_give_the_same_texts(
    tmp_path: Path, name: str, delimiter: str, packed: str
) -> None:
    """CSV with any delimiter, any line end, a byte order mark and quoted line breaks; every cell stays text."""
    for head, end in (("", "\n"), ("\ufeff", "\r\n")):
        path = write(tmp_path / (name + packed), head + as_csv(delimiter).replace("\n", end) + end + end)
        expected = [{**row, "q": str(row["q"]).replace("\n", end), "n": str(row["n"])} for row in ROWS]
        assert rows(path) == [(":2", expected[0]), (":3", expected[1])]


def test_the_row_after_a_quoted_line_break_is_placed_by_its_physical_line(tmp_path: Path) -> None:
    """A record that takes three lines moves all that follow by three."""
    path = write(tmp_path / "x.csv", 'id,q\n\n1,"a\nb\nc"\n2,d\n')
    assert [where for where, _ in rows(path)] == [":3", ":6"]


@pytest.mark.parametrize("packed", ["", ".gz"])
def test_parquet_gives_plain_values(tmp_path: Path, packed: str) -> None:
    """Nested values, times and big numbers come as JSON types; NaN is none; a struct's filled-in nulls are gone."""
    plain = tmp_path / "x[1]*.parquet"
    duckdb.sql(
        "SELECT * FROM (VALUES (1, 'é', {'a': 1, 'b': NULL}, ['x'], 'nan'::DOUBLE, DATE '2026-01-02', "
        "12345678901234567890123::DECIMAL(38,0)), "
        "(2, NULL, {'a': NULL, 'b': 's'}, [], 0.5, NULL, 7)) t(id, \"a.b\", e, l, f, d, big)"
    ).write_parquet(str(plain))
    path = write(tmp_path / ("y.parquet" + packed), plain.read_bytes()) if packed else plain
    first, second = rows(path)
    assert first == (
        ":row 1",
        {
            "id": 1,
            "a.b": "é",
            "e": {"a": 1},
            "l": ["x"],
            "f": None,
            "d": "2026-01-02",
            "big": "12345678901234567890123",
        },
    )
    assert second == (
        ":row 2",
        {"id": 2, "a.b": None, "e": {"b": "s"}, "l": [], "f": 0.5, "d": None, "big": 7},
    )


def test_parquet_rows_keep_their_order(tmp_path: Path) -> None:
    """More rows than one batch, in several row groups, come in file order."""
    path = tmp_path / "x.parquet"
    duckdb.sql("SELECT range AS i FROM range(5000)").write_parquet(str(path), row_group_size=2048)
    assert [row.data["i"] for row in read_rows(Source(file=str(path)))] == list(range(5000))


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('{"a": 1', "not valid JSON"),
        ("[1, 2]", "a row must be an object, this is a list"),
        ("7", "this is a number"),
        ('"x"', "this is text"),
        ("null", "this is null"),
        ("true", "true or false"),
        ('{"a": NaN}', "NaN is no JSON number"),
        ('{"a": [-Infinity]}', "-Infinity is no JSON number"),
        ('{"a": {"b": 1, "b": 2}}', 'the key "b" stands twice in one object, at column 16'),
        ('{"a": 1e999}', "beyond what a double can hold"),
        ('{"a": 123456789012345678901}', "beyond 64 bits"),
        ('{"a": "\\ud800"}', "half a surrogate pair"),
        ("[" * 200_000, "nested deeper than 64 levels"),
        ('{"a": ' + "[" * 70 + "]" * 70 + "}", "nested deeper than 64 levels"),
        ('{"a": "\x00"}', "a NUL byte at byte 8"),
        ('{"a": "\t"}', "a control character"),
        ('{"a": 1} {"a": 2}', "more text after the end"),
    ],
)
def test_a_bad_line_is_named_and_the_others_are_read(tmp_path: Path, line: str, said: str) -> None:
    """Each way in which a line of JSON can be wrong is one fault at that line, and reading goes on."""
    path = write(tmp_path / "x.jsonl", f'{{"a": 0}}\n{line}\n{{"a": 3}}\n')
    reader, kept = read_rows(Source(file=str(path))), []
    with pytest.raises(EvalsetError) as caught:
        kept.extend(row.data["a"] for row in reader)
    assert len(caught.value.faults) == 1
    assert caught.value.faults[0].where == f"{path}:2"
    assert said in caught.value.faults[0].what


def test_a_file_that_was_cut_off_says_so(tmp_path: Path) -> None:
    """A last line without its end, broken in the middle, is a torn file."""
    assert "the file ends inside this row" in faults(write(tmp_path / "x.jsonl", '{"a": 1}\n{"a": "to'))[0]


def test_json_over_several_lines_under_the_name_of_jsonl_is_one_fault(tmp_path: Path) -> None:
    """Not a fault for each of its lines, but what to do."""
    assert faults(write(tmp_path / "x.jsonl", json.dumps(ROWS, indent=1))) == [
        ":1: JSON that goes over several lines; name the file .json, or put each row on one line"
    ]


def test_many_faults_are_counted_beyond_twenty(tmp_path: Path) -> None:
    """Twenty are shown; the rest is a number."""
    found = faults(write(tmp_path / "x.jsonl", "{x}\n" * 50))
    assert len(found) == 21
    assert found[19].startswith(":20: ")
    assert found[20] == "and 30 more"


@pytest.mark.parametrize(
    ("content", "where", "said"),
    [
        (
            '{"a": "caf\xe9 au lait"}\n'.encode("cp1252"),
            ":1",
            'it seems to be Windows-1252 (\'…{"a": "café au lait',
        ),
        (b'{"a": 1}\n{"a": "\x81\xff"}\n', ":2", "not UTF-8: byte 0x81 at byte 8 of the line"),
        ('{"a": 1}\n'.encode("utf-16"), ":1", "is UTF-16, not UTF-8"),
        ('{"a": 1}\n'.encode("utf-16-be"), ":1", "is UTF-16, not UTF-8"),
        ('{"a": 1}\n'.encode("utf-32"), ":1", "is UTF-32, not UTF-8"),
        (gzip.compress(b"{}", mtime=0), ":1", "is gzip data; name it with .gz at the end"),
        (b"PAR1....", ":1", "is a Parquet file"),
        (b"PK\x03\x04....", ":1", "is a zip archive or a spreadsheet; export it as CSV or JSONL"),
    ],
)
@pytest.mark.parametrize("name", ["x.jsonl", "x.json", "x.csv"])
def test_another_encoding_is_recognised(
    tmp_path: Path, name: str, content: bytes, where: str, said: str
) -> None:
    """A file that is not UTF-8 is named with its line and with what it seems to be."""
    first = faults(write(tmp_path / name, content))[0]
    assert first.startswith(where + ": ")
    assert said in first


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("a,b\n1,2\n1,2,3\n", ":3: 3 cells where the header has 2"),
        ("a,b\n1,2\n1\n", ":3: 1 cells where the header has 2"),
        ('a,b\n1,2\n"1,2\n3,4\n', ":3: not valid CSV"),
        ('a,b\n1,2\n"1"x,2\n', ":3: not valid CSV"),
        ("a,a\n1,2\n", ":1: the column 'a' stands twice in the header"),
    ],
)
def test_a_bad_record_is_named(tmp_path: Path, content: str, said: str) -> None:
    """A record that does not fit the header, or whose quotes do not match, is named where it begins."""
    assert faults(write(tmp_path / "x.csv", content))[0].startswith(said)


def test_unnamed_columns_are_left_out(tmp_path: Path) -> None:
    """The index that pandas writes and the empty columns of a spreadsheet are nobody's data."""
    assert rows(write(tmp_path / "x.csv", ",a,\n0,x,\n"))[0][1] == {"a": "x"}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ('{"a": 1}', ":1: an object must hold one array of objects, it holds none"),
        ('{"a": [], "b": []}', ":1: an object must hold one array of objects, it holds 2: a, b"),
        ("3", ":1: neither an array of objects"),
        ('[\n{"a": 1}\n{"a": 2}]', ":3: expected ',' or ']'"),
        ('[\n{"a": 1},\n{"a": \n}]', ":4: not valid JSON"),
        ('[\n{"a": 1},\n[2]]', ":3: a row must be an object, this is a list"),
        ("[]\n[]", ":2: more text after the end"),
        ('[{"a": 1,\n"a": 2}]', ':2: the key "a" stands twice'),
    ],
)
def test_a_json_file_is_faulted_at_its_line(tmp_path: Path, content: str, said: str) -> None:
    """Grammar, shape and rows of a .json file are named by line."""
    assert faults(write(tmp_path / "x.json", content))[0].startswith(said)


def test_files_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    """A wrong name, a wrong suffix, torn gzip and torn Parquet are one fault each, with what to do."""
    write(tmp_path / "golden.jsonl", "{}")
    assert "no such file; did you mean 'golden.jsonl'?" in faults(tmp_path / "golde.jsonl")[0]
    assert "there is no folder" in faults(tmp_path / "none" / "x.jsonl")[0]
    assert "not a format that rows are read from; use .jsonl" in faults(tmp_path / "x.xlsx")[0]
    (tmp_path / "t.jsonl.gz").write_bytes(
        gzip.compress(b'{"a": "' + bytes(range(97, 123)) * 99 + b'"}\n')[:-12]
    )
    assert "ends too early" in faults(tmp_path / "t.jsonl.gz")[0]
    (tmp_path / "n.jsonl.gz").write_bytes(b"plain")
    assert "not sound gzip data" in faults(tmp_path / "n.jsonl.gz")[0]
    (tmp_path / "x.parquet").write_bytes(b"PAR1 torn")
    assert "cannot be read as Parquet" in faults(tmp_path / "x.parquet")[0]
    duckdb.sql("SELECT 'inf'::DOUBLE AS f").write_parquet(str(tmp_path / "i.parquet"))
    assert faults(tmp_path / "i.parquet")[0].startswith(":row 1: Infinity is no number")


def test_nothing_depends_on_the_locale(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files are UTF-8 where the machine says otherwise."""
    monkeypatch.setattr(locale, "getpreferredencoding", lambda *_: "cp1252")
    monkeypatch.setattr(locale, "getencoding", lambda: "cp1252")
    assert rows(write(tmp_path / "x.csv", "q\nGrüße 東京\n"))[0][1] == {"q": "Grüße 東京"}


def test_lines_are_read_as_they_are_asked_for(tmp_path: Path) -> None:
    """The first row is there before a fault of the last one is known."""
    path = write(tmp_path / "x.jsonl", '{"a": 1}\n' + '{"a": 2}\n' * 1000 + "{")
    assert next(iter(read_rows(Source(file=str(path))))).data == {"a": 1}
