"""A key that every endpoint tells everybody is found nowhere: no file, no terminal, no log, no traceback, no cache."""

import base64
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

import pytest

from harness.registry import PROVIDERS
from tests.acceptance import telltale

KEYS = {
    "plain": "sk-sentinel-Zq7Wm3Xn9Kc5Vb1Ty8Ru4Pe6",
    "awkward": 'Zq7/Wm3+Xn9=Kc5"Vb1\\Ty8&Ru4%41Pe6~Lo2',
}
VARIABLE = "MY_VALUE"
"""Named by the config alone: nothing in the word says that it is a key."""
GUESSED = "SENTINEL_TOKEN"
"""Named by nobody: only the word says that it is a key."""
TOLD = (*telltale.ANSWERING, "broken")
"""Where the endpoint's own words stand in the record."""
WINDOW = 16
"""So many characters of a key in a row are as good as the key."""

MINE = """\
import logging, os, warnings
from dataclasses import dataclass

KEY = os.environ["MY_VALUE"]
TOKEN = os.environ["SENTINEL_TOKEN"]


def say(where):
    print("print", where, KEY, TOKEN)
    logging.getLogger("mine").warning("log %s %r", where, KEY)


def answer(inputs):
    say("answer")
    if "1:" in inputs["question"]:
        try:
            raise ValueError(KEY)
        except ValueError as error:
            raise RuntimeError(f"again {KEY!r} {TOKEN}") from error
    return {"text": f"the key is {KEY}", "tool_calls": [{"name": KEY, "arguments": {KEY: KEY}}]}


@dataclass(frozen=True, kw_only=True)
class Step:
    name: str = "mine"
    fails: str = "call"

    async def open(self, kit):
        if self.fails == "open":
            raise RuntimeError(f"opened with {KEY}") from OSError(f"which is {KEY!r}")
        return self

    def __call__(self, draft):
        say("step")
        raise RuntimeError(f"no way with {KEY}")


@dataclass(frozen=True, kw_only=True)
class Judge:
    judges = "answer"

    def __call__(self, record, example):
        raise LookupError(f"judged with {KEY}")
"""


def windows(text: str) -> Iterator[str]:
    """Every stretch of it that is long enough to matter."""
    return (text[at : at + WINDOW] for at in range(len(text) - WINDOW + 1))


def forbidden(key: str) -> set[bytes]:
    """What none of a key may be seen as: worked out apart from the code that takes keys out."""
    data = key.encode()
    found = {*windows(key), *windows(json.dumps(key)[1:-1]), *windows(repr(key)[1:-1]), *windows(data.hex())}
    found |= {quote(key), quote(key, safe=""), quote_plus(key), telltale.in_lower_case(key)}
    for skipped in range(3):
        encoded = base64.b64encode(data[skipped:][: (len(data) - skipped) // 3 * 3]).decode()
        found |= {*windows(encoded), *windows(encoded.translate(str.maketrans("+/", "-_")))}
    return {text.encode() for text in found}


class Bench:
    """One folder in which commands are run, and all that they leave and say."""

    def __init__(self, desk: Any, folder: Path, key: str) -> None:
        self.desk, self.folder = desk, folder
        self.secret = {VARIABLE: key, GUESSED: f"hf_{key}"}
        self.said: list[str] = []

    def run(self, *arguments: object, **more: str) -> Any:
        """Run a command with the key in its environment, and every SDK's log on."""
        logs = {"OPENAI_LOG": "debug", "ANTHROPIC_LOG": "debug", "LITELLM_LOG": "DEBUG"}
        environ = self.desk.environment(**self.secret, **logs, **more)
        environ.pop("PYTHONWARNINGS")  # a log of litellm's own warns of itself
        ended = self.desk.harness(*arguments, cwd=self.folder, env=environ)
        self.said += [ended.out, ended.err]
        return ended

    def leaks(self) -> list[str]:
        """Where a part of the key is found."""
        needles = forbidden(self.secret[VARIABLE])
        inputs = ("evalset", "mine.py", "__pycache__")
        files = [file for file in self.folder.rglob("*") if file.is_file() and file.parts[-2] not in inputs]
        held = {str(file): file.read_bytes() for file in files} | {
            f"said {n}": said.encode() for n, said in enumerate(self.said)
        }
        return [
            f"{place}: …{content[max(0, at - 60) : at + 60]!r}"
            for place, content in held.items()
            for at in sorted(content.find(needle) for needle in needles)[-1:]
            if at >= 0
        ]

    @property
    def records(self) -> list[dict[str, Any]]:
        """Of every run."""
        return [line for file in self.folder.rglob("records.jsonl") for line in self.desk.lines_of(file)]


MODELS: dict[str, Callable[[str, str], dict[str, Any]]] = {
    "openai": lambda url, mode: {"provider": "openai", "model": mode, "base_url": f"{url}/v1"},
    "openai responses": lambda url, mode: {
        "provider": "openai",
        "model": mode,
        "base_url": f"{url}/v1",
        "api": "responses",
    },
    "anthropic": lambda url, mode: {
        "provider": "anthropic",
        "model": mode,
        "base_url": url,
        "max_tokens": 50,
        "drop_unsupported": True,
    },
    "litellm": lambda url, mode: {"provider": "litellm", "model": f"openai/{mode}", "base_url": f"{url}/v1"},
    "litellm mistral": lambda url, mode: {
        "provider": "litellm",
        "model": f"mistral/{mode}",
        "base_url": f"{url}/v1",
    },
}
"""How each provider with a model is asked."""


def variants(kind: str, url: str, modes: tuple[str, ...]) -> dict[str, Any]:
    """A variant for each way in which the server may tell, plain and streamed."""
    if kind == "http":
        request = {"model": "{{ mode }}", "question": "{{ question }}"}
        app = {
            "url": f"{url}/app",
            "headers_env": {"X-App-Key": VARIABLE},
            "answer": "$.text",
            "model": "$.model",
            "finish_reason": "$.why",
            "documents": {"doc": "$.docs[*].doc", "text": "$.docs[*].text"},
        }
        return {mode: {"http": {**app, "request": {**request, "model": mode}}} for mode in modes}
    found = {}
    for mode in modes:
        for stream in (False, True):
            model = {**MODELS[kind](url, mode), "api_key_env": VARIABLE, "stream": stream}
            found[f"{mode}-{'stream' if stream else 'plain'}"] = {
                "prompt": {"system": "Be brief.", "user": "{{ question }}"},
                "model": model,
            }
    return found


def experiment(desk: Any, folder: Path, found: dict[str, Any], rows: int = 2, **more: Any) -> None:
    """Write a config with these variants, and so many rows of each partition."""
    (folder / "evalset").mkdir(exist_ok=True)
    for name in ("golden", "edge", "train"):
        asked = [desk.row(name[0], number) for number in range(rows)]
        tagged = [row | ({"tags": [desk.EDGE_TAGS[0]]} if name == "edge" else {}) for row in asked]
        desk.write_rows(folder / "evalset" / f"{name}.jsonl", tagged)
    config = {
        "name": "telltale",
        "evalset": "evalset",
        "retries": 0,
        "concurrency": 16,
        "timeout_s": 20,
        "metrics": [{"name": "right", "scorer": "exact", "primary": True}],
        "variants": found,
        **more,
    }
    (folder / "x.yaml").write_text(json.dumps(config), encoding="utf-8")


@pytest.fixture(scope="module")
def server() -> Iterator[telltale.Telltale]:
    """A server that tells."""
    with telltale.telling() as found:
        yield found


@pytest.fixture
def bench(request: pytest.FixtureRequest, desk: Any, tmp_path: Path) -> Bench:
    """A folder, and the key whose name the test is given, or the awkward one."""
    return Bench(desk, tmp_path, KEYS[getattr(request, "param", "awkward")])


def test_every_provider_that_sends_a_key_is_tried() -> None:
    """A provider of the registry is either asked here, or is sent no key."""
    tried = {kind.partition(" ")[0] for kind in MODELS} | {"http", "python"}
    assert set(PROVIDERS) - tried == {"local", "recorded", "reference"}


@pytest.mark.parametrize(
    ("kind", "bench"),
    [("openai", "plain"), *((kind, "awkward") for kind in (*MODELS, "http"))],
    indirect=["bench"],
)
def test_what_an_endpoint_tells_is_not_kept(kind: str, server: telltale.Telltale, bench: Bench) -> None:
    """In no answer, error, header, name, stream, redirect, cache or report, whatever the SDK makes of it."""
    key = bench.secret[VARIABLE]
    server.keys.clear()
    found = variants(kind, server.url, (*telltale.ANSWERING, *telltale.FAILING))
    experiment(bench.desk, bench.folder, found, cache={"mode": "on", "live": 0})
    assert bench.run("run", "x.yaml").code in (0, 3)
    assert server.keys == {key}
    kinds = {record["outcome"]["kind"] for record in bench.records}
    assert {"answered", "failed"} <= kinds
    told = {r["variant"]: f"[redacted:{VARIABLE}]" in json.dumps(r) for r in bench.records}
    assert {name for name, was in told.items() if was} >= {name for name in told if name.startswith(TOLD)}
    assert list(bench.folder.rglob("*.sqlite*")), "no cache was written"
    if kind == "openai":
        assert bench.run("run", "x.yaml", "--json").code in (0, 3)
        assert any(record["cached"] for record in bench.records)
    assert bench.leaks() == []


@pytest.mark.parametrize("kind", [*MODELS, "http"])
def test_a_key_that_is_refused_is_not_told(kind: str, server: telltale.Telltale, bench: Bench) -> None:
    """The sentence that ends such a run repeats the server's words without the key."""
    experiment(bench.desk, bench.folder, variants(kind, server.url, ("refused",)), rows=4)
    ended = bench.run("run", "x.yaml")
    assert ended.code == 3
    assert f"[redacted:{VARIABLE}]" in ended.err
    assert "refuses its key" in ended.err
    assert bench.leaks() == []


def test_a_refusal_found_with_the_last_trial_is_told(server: telltale.Telltale, bench: Bench) -> None:
    """The fifth refusal of five trials ends nothing any more, and says why nothing was scored all the same."""
    experiment(bench.desk, bench.folder, variants("http", server.url, ("refused",)), rows=5)
    ended = bench.run("run", "x.yaml", "--partitions", "golden")
    assert ended.code == 3
    assert "5/5 trials" in ended.err
    assert "refuses its key" in ended.err


def test_no_command_tells_a_key(server: telltale.Telltale, bench: Bench) -> None:
    """Every command over a run in which all went wrong that can: what they print, write and mend holds no key."""
    found = variants("openai", server.url, ("says", "broken"))
    (bench.folder / "mine.py").write_text(MINE, encoding="utf-8")
    prompt = {"user": "{{ question }}"}
    found["mine"] = {"python": "mine:answer"}
    steps = [{"prompt": prompt}, {"stage": "mine:Step"}, {"model": found["says-plain"]["model"]}]
    found["step"] = {"pipeline": steps}
    metrics = [
        {"name": "right", "scorer": "exact", "primary": True},
        {"name": "mine", "scorer": "python:mine:Judge"},
    ]
    experiment(bench.desk, bench.folder, found, metrics=metrics)
    commands = [
        ("init", "new"),
        ("check", "x.yaml"),
        ("check", "x.yaml", "--json"),
        ("show", "x.yaml", "--variant", "says-plain", "--example", "g-00"),
        ("show", "x.yaml", "--variant", "step", "--example", "g-00"),
        ("run", "x.yaml", "--dry-run"),
        ("run", "x.yaml", "--limit", "2"),
        ("run", "x.yaml", "--resume"),
        *(("show", "latest", "--variant", name, "--example", "g-00") for name in found),
        *(("show", "latest", "--json", "--variant", name, "--example", "g-01") for name in found),
        ("score", "latest"),
        ("score", "latest", "--json"),
        ("report", "latest", "--format", "md,json"),
        ("schema",),
        ("reference", "serve", "--evalset", "nowhere"),
        *((name, "latest") for name in ("compare", "gate", "baseline", "diagnose", "export", "verify")),
        ("run", "x.yaml", "--set", f"models.m.api_key_env={bench.secret[VARIABLE]}"),
    ]
    for command in commands:
        assert bench.run(*command).code is not None
    said = "".join(bench.said)
    for word in ("print step", "print answer", "log answer", "no way with", "again"):
        assert re.search(rf"{word}.*\[redacted:{VARIABLE}\]", said + json.dumps(bench.records)), word
    assert f"hf_[redacted:{VARIABLE}]" in said or f"[redacted:{GUESSED}]" in said
    assert bench.leaks() == []


def test_a_traceback_tells_no_key(server: telltale.Telltale, bench: Bench) -> None:
    """Ours or the user's, with all its causes: what is raised with a key in it is printed without."""
    (bench.folder / "mine.py").write_text(MINE, encoding="utf-8")
    found = variants("openai", server.url, ("says",))
    found["step"] = {
        "pipeline": [
            {"prompt": {"user": "{{ question }}"}},
            {"stage": "mine:Step", "options": {"fails": "open"}},
            {"model": found["says-plain"]["model"]},
        ]
    }
    experiment(bench.desk, bench.folder, found)
    ended = bench.run("run", "x.yaml")
    assert "Traceback" in ended.err
    assert f"opened with [redacted:{VARIABLE}]" in ended.err
    assert f"which is '[redacted:{VARIABLE}]'" in ended.err
    assert bench.leaks() == []
