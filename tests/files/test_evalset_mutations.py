"""Two hundred broken evalsets: each is refused with nothing but EvalsetError, and names what was broken."""

import gzip
import json
import random
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from harness.errors import EvalsetError
from harness.files.evalsets import read_evalset
from harness.types.evalset import EvalsetSpec, Source

MUTATIONS = 200
KINDS = ("adversarial", "out_of_domain", "malformed")

SCHEMA = """{
  "type": "object",
  "properties": {
    "category": {"type": "string", "enum": ["billing", "delivery"]},
    "answer": {"type": "string", "minLength": 1}
  },
  "required": ["category", "answer"],
  "additionalProperties": false
}
"""

Lines = list[bytes]
Mutation = Callable[[Lines, int, random.Random], Lines]
"""(lines of a valid file, the line to break from 0, chance) → lines of a broken one."""


def evalset() -> dict[str, Lines]:
    """A small valid evalset: file → its lines."""
    files: dict[str, Lines] = {}
    for partition, count in (("golden", 12), ("edge", 9), ("train", 15)):
        rows = [
            {
                "id": f"{partition[0]}-{number:03}",
                "inputs": {"ticket": f"Grüße, {partition} ticket {number}: where is my parcel?"},
                "expected": {"category": "delivery", "answer": f"on day {number}"},
                "tags": [KINDS[number % 3], "made"],
                "relevant": ["delivery/days"],
                "meta": {"source": "written by hand"},
            }
            for number in range(count)
        ]
        files[f"{partition}.jsonl"] = [json.dumps(row, ensure_ascii=False).encode() for row in rows]
    files["corpus.jsonl"] = [
        json.dumps({"id": name, "text": f"About {name}.", "title": name}).encode()
        for name in ("delivery/days", "refunds", "billing")
    ]
    files["output.schema.json"] = SCHEMA.encode().splitlines()
    return files


def changed(change: Callable[[dict[str, object], random.Random], object]) -> Mutation:
    """A mutation of one row as JSON."""

    def mutate(lines: Lines, at: int, chance: random.Random) -> Lines:
        row = json.loads(lines[at])
        change(row, chance)
        return [*lines[:at], json.dumps(row, ensure_ascii=False).encode(), *lines[at + 1 :]]

    return mutate


def renamed(row: dict[str, object], chance: random.Random) -> None:
    """Misspell a key at the top of a row: two letters swapped, one lost or one doubled."""
    key = chance.choice([key for key in row if len(key) > 3])
    at = chance.randrange(1, len(key) - 2)
    wrong = chance.choice(
        [
            key[:at] + key[at + 1] + key[at] + key[at + 2 :],
            key[:at] + key[at + 1 :],
            key[:at] + key[at] + key[at:],
        ]
    )
    row[wrong if wrong != key else key + "s"] = row.pop(key)


def mistyped(row: dict[str, object], chance: random.Random) -> None:
    """Give a key a value of another type."""
    key, values = chance.choice(
        [
            ("inputs", ["text", [], 3, None, {}]),
            ("tags", ["adversarial", {}, 1, [None], [["a"]]]),
            ("expected", [1, True, 2.5, {}, [1], [{"a": 1}]]),
            ("relevant", ["refunds", 1, {"a": "1"}, [2]]),
            ("meta", ["x", [1], 7]),
            ("accept_refusal", ["true", 1, []]),
            ("id", [None, 1.5, [], {}, "", "  ", True, "a\nb"]),
        ]
    )
    row[key] = chance.choice(values)


def torn(lines: Lines, at: int, chance: random.Random) -> Lines:
    """Cut the end off a row."""
    cut = chance.randrange(1, len(lines[at]) - 1)
    return [*lines[:at], lines[at][:cut], *lines[at + 1 :]]


def broken_in_two(lines: Lines, at: int, chance: random.Random) -> Lines:
    """Break a row over two lines."""
    cut = chance.randrange(1, len(lines[at]) - 1)
    return [*lines[:at], lines[at][:cut], lines[at][cut:], *lines[at + 1 :]]


def run_together(lines: Lines, at: int, chance: random.Random) -> Lines:
    """Put two rows on one line."""
    return [*lines[:at], lines[at] + lines[at], *lines[at + 1 :]]


def struck(lines: Lines, at: int, chance: random.Random) -> Lines:
    """Lose one of the signs that hold a row together."""
    places = [
        place for place, sign in enumerate(lines[at]) if sign in b'{}[]:"' and lines[at][place - 1] != 92
    ]
    place = chance.choice(places)
    return [*lines[:at], lines[at][:place] + lines[at][place + 1 :], *lines[at + 1 :]]


def inserted(*junk: bytes) -> Mutation:
    """A mutation that puts bytes into the middle of a text."""

    def mutate(lines: Lines, at: int, chance: random.Random) -> Lines:
        head, text, tail = lines[at].partition(b"ticket ")
        return [*lines[:at], head + text + chance.choice(junk) + tail, *lines[at + 1 :]]

    return mutate


def replaced(*rows: bytes) -> Mutation:
    """A mutation that puts something else in the place of a row."""

    def mutate(lines: Lines, at: int, chance: random.Random) -> Lines:
        return [*lines[:at], chance.choice(rows), *lines[at + 1 :]]

    return mutate


def in_another_encoding(lines: Lines, at: int, chance: random.Random) -> Lines:
    """Write one row as another program would."""
    return [
        *lines[:at],
        lines[at].decode().encode(chance.choice(["cp1252", "latin-1", "mac_roman"])),
        *lines[at + 1 :],
    ]


def said_twice(lines: Lines, at: int, chance: random.Random) -> Lines:
    """A row again further down, with the same id."""
    return [*lines[: at + 1], lines[at], *lines[at + 1 :]]


def with_a_key_twice(lines: Lines, at: int, chance: random.Random) -> Lines:
    """Say a key of a row again, with another value."""
    key = chance.choice([b'"id": "other"', b'"tags": []', b'"inputs": {"ticket": "other"}'])
    return [*lines[:at], lines[at][:-1] + b", " + key + b"}", *lines[at + 1 :]]


def without(key: str) -> Mutation:
    """A mutation that leaves a key out."""
    return changed(lambda row, _: row.pop(key))


def misprinted(right: bytes, wrong: bytes) -> Mutation:
    """A mutation that writes one thing for another, once on its line."""

    def mutate(lines: Lines, at: int, chance: random.Random) -> Lines:
        return [*lines[:at], lines[at].replace(right, wrong, 1), *lines[at + 1 :]]

    return mutate


ROW_MUTATIONS: Mapping[str, Mutation] = {
    "misspelt key": changed(renamed),
    "unknown key": changed(lambda row, chance: row.update({chance.choice(["answer", "question", "x"]): 1})),
    "wrong type": changed(mistyped),
    "no inputs": without("inputs"),
    "torn": torn,
    "in two lines": broken_in_two,
    "run together": run_together,
    "a sign lost": struck,
    "NUL": inserted(b"\0", b"\0\0\0"),
    "not UTF-8": inserted(b"\xff", b"\xe9 ", b"\xc3\x28", b"\xed\xa0\x80", b"\xf5"),
    "control character": inserted(b"\x01", b"\t", b"\x1f", b"\r"),
    "bad escape": inserted(b"\\x", b"\\u12 ", b"\\ud800", b"\\udfff x"),
    "not an object": replaced(
        b"[]", b"1", b'"text"', b"null", b"true", b"[{}]", b"id,inputs", b"---", b"{}", b"\xef\xbb\xbf{"
    ),
    "bombs": replaced(
        b"[" * 5000, b'{"a":' * 3000, b'{"id": ' + b"9" * 5000 + b"}", b'{"id": "x", "inputs": {"n": 1e999}}'
    ),
    "not a number": inserted(b'", "n": NaN, "m": "', b'", "n": -Infinity, "m": "', b'", "n": 01, "m": "'),
    "another encoding": in_another_encoding,
    "same id": said_twice,
    "key twice": with_a_key_twice,
}
EDGE_MUTATIONS: Mapping[str, Mutation] = {
    "no edge tag": changed(
        lambda row, chance: row.update(tags=chance.choice([[], ["made"], ["adversary"], ["Malformed"]]))
    ),
    "no tags": without("tags"),
}
CORPUS_MUTATIONS: Mapping[str, Mutation] = {
    "misspelt key": changed(renamed),
    "no text": changed(lambda row, chance: row.update(text=chance.choice(["", " ", 1, None, []]))),
    "no id": changed(lambda row, chance: row.update(id=chance.choice(["", None, [], 1.5]))),
    "wrong type": changed(lambda row, chance: row.update(chance.choice([{"title": 1}, {"meta": [1]}]))),
    "torn": torn,
    "same id": said_twice,
}
SCHEMA_MUTATIONS: Mapping[str, Mutation] = {
    "wrong type": misprinted(b'"string"', b'"strnig"'),
    "wrong value": misprinted(b"1}", b'"one"}'),
    "misspelt": misprinted(b'"required"', b'"requierd"'),
    "a sign lost": misprinted(b":", b""),
}
SCHEMA_LINES = {
    "wrong type": (3, 4),
    "wrong value": (4,),
    "misspelt": (6,),
    "a sign lost": (1, 2, 3, 4, 6, 7),
}


def planned(seed: int) -> tuple[str, str, Mutation, int, random.Random]:
    """What a seed breaks: (file, kind, mutation, line from 0, chance)."""
    chance = random.Random(seed)
    file, table = chance.choices(
        [
            ("golden.jsonl", ROW_MUTATIONS),
            ("train.jsonl", ROW_MUTATIONS),
            ("edge.jsonl", {**ROW_MUTATIONS, **EDGE_MUTATIONS}),
            ("corpus.jsonl", CORPUS_MUTATIONS),
            ("output.schema.json", SCHEMA_MUTATIONS),
        ],
        weights=[4, 3, 5, 2, 2],
    )[0]
    kind = list(table)[seed % len(table)]
    lines = SCHEMA_LINES[kind] if table is SCHEMA_MUTATIONS else range(len(evalset()[file]))
    return file, kind, table[kind], chance.choice(list(lines)), chance


def written(path: Path, files: Mapping[str, Lines]) -> Path:
    """Write the files of an evalset."""
    for name, lines in files.items():
        (path / name).write_bytes(b"\n".join(lines) + b"\n")
    return path


def test_the_evalset_is_valid_before_it_is_broken(tmp_path: Path) -> None:
    """Otherwise every refusal would prove nothing."""
    found = read_evalset(EvalsetSpec(folder=str(written(tmp_path, evalset()))))
    assert {name: len(rows) for name, rows in found.partitions.items()} == {
        "golden": 12,
        "edge": 9,
        "train": 15,
    }
    assert len(found.documents) == 3


@pytest.mark.parametrize("seed", range(MUTATIONS))
def test_a_planted_fault_is_named_at_its_line(tmp_path: Path, seed: int) -> None:
    """Whatever is broken, one of the faults names the file and the line, give or take one."""
    files = evalset()
    file, kind, mutate, at, chance = planned(seed)
    files[file] = mutate(files[file], at, chance)
    assert files[file] != evalset()[file], f"{kind} broke nothing"
    path = written(tmp_path, files)
    with pytest.raises(EvalsetError) as caught:
        read_evalset(EvalsetSpec(folder=str(path), where="x.yaml:3"))
    lines = [
        int(where)
        for fault in caught.value.faults
        if (where := fault.where.removeprefix(f"{path / file}:")).isdigit()
    ]
    assert any(abs(line - (at + 1)) <= 1 for line in lines), f"{kind} at {at + 1}: {caught.value}"
    assert all(fault.what and "\n" not in str(fault) for fault in caught.value.faults)


@pytest.mark.parametrize("seed", range(60))
def test_noise_never_ends_in_a_traceback(tmp_path: Path, seed: int) -> None:
    """Bytes changed anywhere, in any format: read or refused with EvalsetError, nothing else."""
    chance = random.Random(seed)
    name = chance.choice(["x.jsonl", "x.json", "x.csv", "x.tsv", "x.jsonl.gz", "x.csv.gz", "x.parquet"])
    rows = [json.loads(line) for line in evalset()["golden.jsonl"]]
    text = {
        "jsonl": "\n".join(json.dumps(row) for row in rows),
        "json": json.dumps(rows, indent=1),
        "csv": "id,inputs.q,expected\n" + "\n".join(f'{row["id"]},"a ""b"", c","d\ne"' for row in rows),
        "tsv": "id\tinputs.q\n" + "\n".join(f"{row['id']}\tx" for row in rows),
        "parquet": "PAR1" + "x" * 200 + "PAR1",
    }[name.removesuffix(".gz").rpartition(".")[2]]
    data = bytearray(gzip.compress(text.encode(), mtime=0) if name.endswith(".gz") else text.encode())
    for _ in range(chance.randrange(1, 8)):
        at = chance.randrange(len(data))
        data[at : at + chance.randrange(4)] = chance.randbytes(chance.randrange(4))
    (tmp_path / name).write_bytes(data)
    try:
        read_evalset(EvalsetSpec(sources={"golden": Source(file=str(tmp_path / name), where="x.yaml:4")}))
    except EvalsetError:
        return
