"""Two hundred seeded ways to break a good config: each is named at its line, none ends in a traceback."""

import random
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.errors import ConfigError
from harness.files.config.read import read_config

EXAMPLE = Path(__file__).with_name("experiment.yaml").read_text(encoding="utf-8")

MUTATIONS = 200

Mutation = Callable[[random.Random, list[bytes]], int]
"""Breaks the lines in place; gives the line, from 1, where the fault was planted."""

KEY = re.compile(rb"(?<![\w.\"/-])([a-z_]{3,})(?=:( |$))")
"""Keys of the harness's own, long enough to be misspelt."""

FREE = re.compile(rb"^ {2}[\w+-]+: *($|\{)|layers|values|^ {4}(rag|fine-tuned):")
"""Lines that begin with a name which the config itself gives: any spelling of that is right."""


def keys_of(lines: list[bytes]) -> list[tuple[int, re.Match[bytes]]]:
    """Every key that can be broken, with the index of its line."""
    code = [
        (n, line)
        for n, line in enumerate(lines)
        if not line.lstrip().startswith(b"#") and not FREE.search(line)
    ]
    return [(n, match) for n, line in code for match in KEY.finditer(line.split(b" #")[0])]


def misspelt(rng: random.Random, lines: list[bytes]) -> int:
    """Swap, drop or double one letter of a key."""
    n, match = rng.choice(keys_of(lines))
    key = match[1]
    at = rng.randrange(1, len(key) - 1)
    wrong = rng.choice(
        [
            key[:at] + key[at + 1 :],
            key[:at] + key[at : at + 1] + key[at:],
            key[:at] + b"x" + key[at:],
        ]
    )
    lines[n] = lines[n][: match.start()] + wrong + lines[n][match.end() :]
    return n + 1


def misplaced(rng: random.Random, lines: list[bytes]) -> int:
    """Put a key of another place where it does not belong."""
    key = rng.choice(
        [b"top_k: 5", b"temperature: 0", b"scorer: exact", b"at_least: 1", b"folder: x", b"rpm: 3"]
    )
    places = [
        n
        for n, line in enumerate(lines)
        if re.match(rb"[a-z_]+: \S", line) or re.match(rb" {4}model: ", line)
    ]
    n = rng.choice(places)
    indent = re.match(rb" *", lines[n])
    assert indent is not None
    lines.insert(n, indent[0] + key + b"\n")
    return n + 1


def mistyped(rng: random.Random, lines: list[bytes]) -> int:
    """Give a number, a switch or a choice a value of another kind."""
    at = re.compile(
        rb"(?<=[a-z_]: )(\d[\d.]*|true|false|prompt|similar|hybrid|memory|first|full|weekly)(?=[,}\s])"
    )
    choices = [
        (n, m)
        for n, line in enumerate(lines)
        for m in at.finditer(line.split(b" #")[0])
        if not re.search(rb"(Correct|Incorrect|Refusal|extra: \{top_k): ?$", line[: m.start()])
    ]
    n, match = rng.choice(choices)
    wrong = rng.choice([b"[1, 2]", b"{a: 1}", b"many", b"'7'", b"yes", b"-1e9"])
    lines[n] = lines[n][: match.start()] + wrong + lines[n][match.end() :]
    return n + 1


def doubled(rng: random.Random, lines: list[bytes]) -> int:
    """Write a line with a key a second time."""
    whole = [n for n, line in enumerate(lines) if re.match(rb" *[\w+-]+: [^{\[]*$|[\w]+: \{.*\}\s*$", line)]
    n = rng.choice([n for n in whole if lines[n].count(b"{") == lines[n].count(b"}")])
    lines.insert(n + 1, lines[n])
    return n + 2


def torn(rng: random.Random, lines: list[bytes]) -> int:
    """End the file in the middle of something that is open."""
    n, at = rng.choice(
        [(n, line.index(b"{")) for n, line in enumerate(lines) if b"{" in line and b"{{" not in line]
    )
    del lines[n + 1 :]
    lines[n] = lines[n][
        : rng.randrange(at + 1, max(at + 2, lines[n].rindex(b"}") if b"}" in lines[n] else at + 2))
    ]
    return n + 1


def unquoted(rng: random.Random, lines: list[bytes]) -> int:
    """Lose one quote, one brace, or indent with a tab."""
    n = rng.choice(
        [n for n, line in enumerate(lines) if re.search(rb"[\"}\]]\s*$", line) and b"#" not in line]
    )
    kind = rng.choice(["close", "tab"])
    if kind == "tab":
        lines[n] = b"\t" + lines[n].lstrip()
    else:
        text = lines[n].rstrip()
        lines[n] = text[:-1] + b"\n"
    return n + 1


def misencoded(rng: random.Random, lines: list[bytes]) -> int:
    """Bytes of another encoding, or of none."""
    n = rng.randrange(len(lines))
    at = rng.randrange(len(lines[n]))
    while at < len(lines[n]) and lines[n][at] & 0xC0 == 0x80:
        at += 1
    lines[n] = lines[n][:at] + rng.choice([b"\xff", b"\xe9", b"\x00", b"\x1b", b"\xc3("]) + lines[n][at:]
    return n + 1


def misnamed(rng: random.Random, lines: list[bytes]) -> int:
    """Name a file, a model, a variant, a metric or a scorer that is not there."""
    names = [
        b"prompts/triage.md", b"prompts/triage-short.md", b"../evalsets/support", b"outputs/gpt4.jsonl",
        b"model: tuned", b"extends: rag", b"control: prompt-only", b"candidate: rag", b"metric: answer",
        b"scorer: json_fields", b"base: prompt-only", b"variant: rag", b"provider: openai", b"versus: control",
    ]  # fmt: skip
    name = rng.choice(names)
    n = rng.choice([n for n, line in enumerate(lines) if name in line])
    lines[n] = lines[n].replace(name, name[:-2] + b"zz")
    return n + 1


KINDS = (misspelt, misplaced, mistyped, doubled, torn, unquoted, misencoded, misnamed)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the example names, so that only the planted fault is wrong."""
    folder = tmp_path_factory.mktemp("mutations")
    (folder / "evalsets/support/corpus").mkdir(parents=True)
    (folder / "configs/prompts").mkdir(parents=True)
    (folder / "configs/outputs").mkdir()
    (folder / "configs/prompts/triage.md").write_text("Route.\n")
    (folder / "configs/prompts/triage-short.md").write_text("Route.\n")
    (folder / "configs/outputs/gpt4.jsonl").write_text("")
    return folder


@pytest.mark.parametrize("number", range(MUTATIONS))
def test_every_planted_fault_is_named_at_its_line(project, number):
    """ConfigError and nothing else; one of its lines lies within one of where the fault was planted."""
    rng = random.Random(f"mutation {number}")
    lines = EXAMPLE.encode().splitlines(keepends=True)
    mutation = KINDS[number % len(KINDS)]
    planted = mutation(rng, lines)
    file = project / f"configs/{number}.yaml"
    file.write_bytes(b"".join(lines))
    with pytest.raises(ConfigError) as raised:
        read_config(file, environ={})
    said = str(raised.value)
    named = {int(line) for line in re.findall(rf"{re.escape(str(file))}:(\d+)", said)}
    assert any(abs(line - planted) <= 1 for line in named), (mutation.__name__, planted, said)
    assert all("\n" not in str(fault) for fault in raised.value.faults)
