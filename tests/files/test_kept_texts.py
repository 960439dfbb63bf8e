"""Passages with their texts: found by digest, held by nobody."""

import json
import tracemalloc
from dataclasses import replace

import orjson

from harness.files.kept_texts import with_passages
from harness.types.record import Outcome, ReadPassage, Record, Retrieved


def passage(digest, *, used=True):
    """One passage as a record keeps it."""
    return Retrieved(
        doc="d", chunk=2, start=3, end=4, score=None, rank=1, used=used, text=digest, found_rank=5
    )


def a_record(*passages):
    """A trial that retrieved these."""
    outcome = Outcome(kind="answered", text="x")
    return Record(variant="v", example_id="e", partition="golden", outcome=outcome, retrieved=passages)


def write(file, texts):
    """Write texts.jsonl."""
    lines = [orjson.dumps({"digest": digest, "text": text}) + b"\n" for digest, text in texts]
    file.write_bytes(b"".join(lines))


def test_a_passage_that_was_used_comes_with_its_text(tmp_path):
    """All else of it stays; one that was cut, and one whose text is not kept, stay as they are."""
    file = tmp_path / "texts.jsonl"
    write(file, [("b" * 16, "béta"), ("a" * 16, ""), ("c" * 16, "gamma\n")])
    cut, lost = passage("c" * 16, used=False), passage("0" * 16)
    [bare, found] = with_passages(
        [a_record(), a_record(passage("b" * 16), passage("a" * 16), cut, lost)], file
    )
    assert bare == a_record()
    first, second, *rest = found.retrieved
    assert (first.content, second.content, rest) == ("béta", "", [cut, lost])
    assert isinstance(first, ReadPassage)
    kept = passage("b" * 16)
    assert all(getattr(first, name) == getattr(kept, name) for name in Retrieved.__slots__)


def test_torn_lines_and_no_file_at_all(tmp_path):
    """A run that was killed while it wrote, and one without texts, lose what is lost and no more."""
    file = tmp_path / "texts.jsonl"
    record = a_record(passage("a" * 16))
    assert list(with_passages([record], file)) == [record]
    file.write_bytes(b"")
    assert list(with_passages([record], file)) == [record]
    file.write_bytes(
        b'{"digest": "torn\n' + json.dumps({"digest": "a" * 16, "text": "x"}).encode() + b'\n{"dig'
    )
    [found] = with_passages([record], file)
    assert found.retrieved[0].content == "x"


def test_texts_are_not_held(tmp_path):
    """Twenty megabytes of texts, each read where it is asked for, take a tenth of that at any time."""
    file = tmp_path / "texts.jsonl"
    digests = [f"{number:016x}" for number in range(10_000)]
    write(file, ((digest, digest * 128) for digest in digests))
    tracemalloc.start()
    for record in with_passages((a_record(passage(digest)) for digest in reversed(digests)), file):
        assert record.retrieved[0].content == record.retrieved[0].text * 128
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2_000_000


def test_no_record_on_disk_has_a_text(tmp_path):
    """What a scorer is given is a noun of its own: a line of the ledger knows no `content`."""
    assert "content" not in orjson.loads(orjson.dumps(replace(a_record(passage("a" * 16)))))["retrieved"][0]
