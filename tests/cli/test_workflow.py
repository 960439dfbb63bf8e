"""The workflow that users copy: GitHub's own actions, the least rights, flags that exist, and a comment found again."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from ruamel.yaml import YAML

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / ".github" / "workflows" / "harness.yml"
GH = """\
#!/usr/bin/env python3
import json, os, pathlib, subprocess, sys
asked = sys.argv[1:]
with open("asked", "a", encoding="utf-8") as lines:
    print(json.dumps(asked), file=lines)
if "--jq" in asked:
    subprocess.run(["jq", "-r", asked[asked.index("--jq") + 1]], stdin=open("comments.json"), check=True)
else:
    (field,) = [word for word in asked if word.startswith("body=@")]
    assert pathlib.Path(field.removeprefix("body=@")).is_file()
"""
MARKER = "<!-- variant-harness gate: support-triage -->"


@pytest.fixture(scope="module")
def steps():
    """The steps of its only job, by name."""
    read = YAML(typ="safe").load(PAGE.read_text(encoding="utf-8"))
    (job,) = read["jobs"].values()
    assert read["permissions"] == {}
    assert job["permissions"] == {"contents": "read", "pull-requests": "write"}
    return {step.get("name", step.get("uses")): step for step in job["steps"]}


def test_it_stands_on_github_s_own_actions(steps):
    """No third party's code runs with the repository's rights, and no step reads an untrusted name as shell."""
    used = [step["uses"] for step in steps.values() if "uses" in step]
    assert all(re.fullmatch(r"actions/[\w/-]+@v\d+", one) for one in used)
    assert not [step["run"] for step in steps.values() if "${{" in step.get("run", "")]


def test_what_follows_the_verdict_happens_whatever_it_is(steps):
    """Answers, artefacts and the comment come after a gate that failed, too."""
    names = list(steps)
    after = names[names.index("Run, and judge") + 1 :]
    assert len(after) == 3
    assert all("!cancelled()" in steps[name]["if"] for name in after)


def test_its_command_is_understood(steps, here):
    """The line that runs the experiment has flags that the command knows."""
    config = ROOT / "configs" / "quickstart.yaml"
    words = steps["Run, and judge"]["run"].replace('"$CONFIG"', str(config)).split()
    ended = here(*words[1:], "--dry-run")
    assert ended.code == 0, ended.err


@pytest.mark.skipif(
    shutil.which("jq") is None, reason="gh's own jq is stood in for by jq, which is not there"
)
@pytest.mark.parametrize(
    ("comments", "wanted"),
    [
        ([], ["api", "--silent", "repos/o/r/issues/7/comments"]),
        (
            [
                {"id": 1, "user": {"type": "User"}, "body": f"{MARKER}\nmine"},
                {"id": 2, "user": {"type": "Bot"}, "body": "<!-- variant-harness gate: other -->"},
                {"id": 3, "user": {"type": "Bot"}, "body": f"{MARKER}\r\nold"},
            ],
            ["api", "--silent", "--method", "PATCH", "repos/o/r/issues/comments/3"],
        ),
    ],
)
def test_a_comment_is_made_once_and_then_changed(steps, tmp_path, comments, wanted):
    """The bot's own comment of this experiment is found by its first line; another experiment's and a person's stay."""
    _lay_out(tmp_path, comments)
    _comment(steps, tmp_path)
    asked = [json.loads(line) for line in (tmp_path / "asked").read_text(encoding="utf-8").splitlines()]
    assert asked[-1] == [*wanted, "--field", "body=@results/a-run/gate.md"]
    assert len(asked) == 2


def test_a_run_without_gates_says_nothing(steps, tmp_path):
    """No gate.md, no comment, and no failure."""
    _lay_out(tmp_path, [])
    (tmp_path / "results" / "a-run" / "gate.md").unlink()
    _comment(steps, tmp_path)
    assert not (tmp_path / "asked").exists()


def _lay_out(folder, comments):
    run = folder / "results" / "a-run"
    run.mkdir(parents=True)
    (run / "gate.md").write_text(f"{MARKER}\n## support-triage\n", encoding="utf-8")
    (folder / "results" / "latest").write_text("a-run\n", encoding="utf-8")
    (folder / "comments.json").write_text(json.dumps(comments), encoding="utf-8")
    gh = folder / "bin" / "gh"
    gh.parent.mkdir()
    gh.write_text(GH, encoding="utf-8")
    gh.chmod(0o755)


def _comment(steps, folder):
    step = steps["Comment, or change the comment that is there"]
    expressions = {
        "${{ github.repository }}": "o/r",
        "${{ github.event.pull_request.number }}": "7",
        "${{ github.token }}": "t",
    }
    given = dict(step["env"])
    for name, value in given.items():
        for expression, stands_for in expressions.items():
            given[name] = given[name].replace(expression, stands_for)
        assert "${{" not in given[name], value
    path = f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}"
    shell = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]]
    subprocess.run(shell, cwd=folder, env={**os.environ, **given, "PATH": path}, check=True)
