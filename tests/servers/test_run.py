"""A whole run of the command against a real llama.cpp server, through the two vendors' SDKs."""

import json
import os
import subprocess
import sys

import pytest

pytestmark = pytest.mark.servers

SCHEMA = {
    "type": "object",
    "properties": {"category": {"enum": ["billing", "shipping"]}},
    "required": ["category"],
    "additionalProperties": False,
}
CONFIG = """\
name: noise
evalset: evalset
concurrency: 4
models:
  free: {{provider: openai, model: tiny, base_url: "{url}/v1", max_tokens: 24, seed: 1,
          price: {{input_usd_per_mtok: 1, cached_input_usd_per_mtok: 1, output_usd_per_mtok: 2}}}}
  strict: {{provider: openai, model: tiny, base_url: "{url}/v1", max_tokens: 300, seed: 1, stream: true}}
  claude: {{provider: anthropic, model: tiny, base_url: "{url}", max_tokens: 24}}
variants:
  free: {{prompt: {{user: "{{{{ ticket }}}}"}}, model: free}}
  strict: {{prompt: {{user: "{{{{ ticket }}}}"}}, model: strict, output: json_schema}}
  claude: {{prompt: {{user: "{{{{ ticket }}}}"}}, model: claude}}
metrics:
  - {{name: right, scorer: json_fields, primary: true}}
"""


@pytest.fixture(scope="module")
def folder(llama, tmp_path_factory):
    """The results of a run over twenty tickets."""
    home = tmp_path_factory.mktemp("run")
    (home / "evalset").mkdir()
    rows = [
        {"id": f"g-{n}", "inputs": {"ticket": f"Where is parcel {n}?"}, "expected": {"category": "shipping"}}
        for n in range(20)
    ]
    (home / "evalset" / "golden.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (home / "evalset" / "output.schema.json").write_text(json.dumps(SCHEMA))
    (home / "c.yaml").write_text(CONFIG.format(url=llama))
    keyless = {name: value for name, value in os.environ.items() if not name.endswith("_API_KEY")}
    command = [sys.executable, "-m", "harness", "run", "c.yaml", "--out", "out", "--quiet"]
    ended = subprocess.run(
        command, cwd=home, env=keyless, capture_output=True, text=True, timeout=240, check=False
    )
    assert ended.returncode == 0, ended.stderr + ended.stdout
    return home / "out" / (home / "out" / "latest").read_text().strip()


def golden(folder, variant):
    """What the summary says of one variant."""
    summary = json.loads((folder / "summary.json").read_text())
    return summary["variants"][variant]["partitions"]["golden"]


def test_every_trial_is_accounted_for(folder):
    """Twenty a variant, none failed, all scored: noise is wrong, and no error."""
    for variant in ("free", "strict", "claude"):
        told = golden(folder, variant)
        assert told["trials"] == told["scored"] == 20
        assert set(told["outcomes"]) <= {"answered", "truncated"} or not told["outcomes"].get("failed")


def test_a_strict_schema_is_never_broken(folder):
    """The grammar makes every answer valid; without it, noise never is."""
    assert golden(folder, "strict")["schema"]["failures"] == 0
    assert golden(folder, "free")["schema"]["failures"] == 20


def test_the_cost_is_the_sum_of_what_the_server_counted(folder):
    """Every record's tokens at the config's prices; a model without a price stays unpriced."""
    lines = [json.loads(line) for line in (folder / "records.jsonl").read_text().splitlines()]
    free = [line for line in lines if line["variant"] == "free" and not line["warmup"]]
    usd = sum(
        (usage["input_tokens"] + (usage["cached_input_tokens"] or 0)) / 1e6 + 2 * usage["output_tokens"] / 1e6
        for usage in (line["usage"] for line in free)
    )
    cost = golden(folder, "free")["cost"]
    assert cost["total_usd"] == pytest.approx(usd, abs=1e-12)
    assert golden(folder, "strict")["cost"]["unpriced"] == 20


def test_times_are_the_wires_own(folder):
    """Live, at the wire; only the stream has a first token."""
    lines = [json.loads(line) for line in (folder / "records.jsonl").read_text().splitlines()]
    generated = [stage for line in lines for stage in line["stages"] if stage.get("model")]
    assert {stage["clock"] for stage in generated} == {"wire"}
    for variant, streams in (("free", False), ("strict", True)):
        told = golden(folder, variant)["latency"]
        assert told["n_live"] == 20
        assert (told["first_token"] is not None) == streams
