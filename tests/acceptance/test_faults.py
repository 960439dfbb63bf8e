"""One call in five goes wrong, in every way there is, and the run still accounts for every one."""

import json
import urllib.request
from collections import Counter
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.verified import assert_verified

SHARES = {"429": 0.03, "500": 0.03, "drop": 0.03, "cut": 0.03, "garbage": 0.03, "hang": 0.02, "slow": 0.03}
KINDS = {"rate_limited", "server_error", "connection", "bad_reply", "timeout"}
CONFIG = """\
extends: {quickstart}
name: faults
concurrency: 8
timeout_s: 3
retries: 1
evalset: {evalset}
models:
  base: {{provider: openai, model: reference-base, base_url: "{url}", stream: {stream}, extra: {extra}}}
  tuned: {{provider: openai, model: reference-tuned, base_url: "{url}", stream: {stream}, extra: {extra}}}
"""


def faulty_run(desk: ModuleType, folder: Path, *, stream: bool) -> tuple[Any, dict[str, Any]]:
    """Run the quickstart's variants against a faulty endpoint; how it ended, and the endpoint's counters."""
    evalset = desk.ROOT / "evalsets" / "support-desk"
    with desk.started("reference", "serve", "--port", 0, "--evalset", evalset, cwd=folder) as server:
        url = next(word for word in server.stdout.readline().split() if word.startswith("http"))
        learn(url)
        faults = {"reference": {"faults": SHARES, "retry_after_s": 0.05, "time_scale": 0.05}}
        config = folder / "faults.yaml"
        given = {"quickstart": desk.ROOT / "configs" / "quickstart.yaml", "evalset": evalset, "url": url}
        text = CONFIG.format(**given, stream=json.dumps(stream), extra=json.dumps(faults))
        config.write_text(text, encoding="utf-8")
        ended = desk.harness("run", config, "--limit", 24, cwd=folder)
        with urllib.request.urlopen(url.replace("/v1", "/stats"), timeout=30) as reply:
            stats = json.load(reply)
        server.terminate()
    return ended, stats


def learn(url: str) -> None:
    """Have the endpoint fit its weights, so that no trial times out meanwhile; then forget that it was asked."""
    asked = {"model": "reference-tuned", "messages": [{"role": "user", "content": "Hello"}]}
    kind = {"Content-Type": "application/json"}
    for path, body in (("/v1/chat/completions", asked), ("/reset", {})):
        call = urllib.request.Request(url.replace("/v1", path), json.dumps(body).encode(), kind)
        with urllib.request.urlopen(call, timeout=60) as reply:
            assert reply.status == 200


def asked_there(line: dict[str, Any]) -> dict[str, Any]:
    """A record without its calls of the built-in endpoint, which embeds and reranks, and never fails."""
    return {**line, "attempts": [one for one in line["attempts"] if one["stage"] == "generate"]}


@pytest.mark.slow
@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
def test_every_trial_and_every_attempt_is_accounted_for(
    desk: ModuleType, tmp_path: Path, stream: bool
) -> None:
    """The run is complete (exit 0); outcomes by kind cover the plan; attempts add up to the endpoint's own counter."""
    ended, stats = faulty_run(desk, tmp_path, stream=stream)
    assert ended.code == 0, ended.err
    assert "Traceback" not in ended.err + ended.out
    assert stats["faults"].keys() == SHARES.keys()

    folder = desk.run_folder(tmp_path / "results")
    lines = [asked_there(line) for line in desk.lines_of(folder / "records.jsonl")]
    assert sum(len(line["attempts"]) for line in lines) == stats["requests"]["chat"]
    counted = [line for line in lines if not line["warmup"]]
    outcomes = Counter(line["outcome"]["kind"] for line in counted)
    assert sum(outcomes.values()) == 6 * 24 * 2
    assert outcomes.keys() >= {"answered", "timed_out"}

    failures = [attempt for line in lines for attempt in line["attempts"] if attempt["error"] is not None]
    slow = stats["faults"]["slow"]  # late, and not failed
    assert len(failures) == sum(stats["faults"].values()) - slow
    assert all(attempt["error"].split(" (")[0].split(":")[0] in KINDS for attempt in failures)
    assert sum(attempt["error"].startswith("timeout") for attempt in failures) == stats["faults"]["hang"]
    assert sum(attempt["status"] == 429 for attempt in failures) == stats["faults"]["429"]

    for line in counted:
        kind, attempts = line["outcome"]["kind"], line["attempts"]
        assert 1 <= len(attempts) <= 2
        assert all(attempt["error"] for attempt in attempts[:-1])
        assert (attempts[-1]["error"] is None) == (kind == "answered")
        assert (line["latency_ms"] is None) == (kind == "failed")
        assert kind != "timed_out" or line["latency_ms"] == 3000
    summary = desk.summary_in(tmp_path / "results")
    told = Counter[str]()
    for variant in summary["variants"].values():
        for part in variant["partitions"].values():
            told.update(part["outcomes"])
            assert part["scored"] + part["unscored"] == part["trials"] == part["planned"] == 24
    assert {kind: times for kind, times in told.items() if times} == dict(outcomes)
    assert_verified(folder)
    assert summary["run"]["complete"] is True
