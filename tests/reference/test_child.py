"""The child process keeps its protocol: one line in, one line out, gone with its parent."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import urllib.request

import pytest

from harness.errors import UsageError
from harness.reference.serve import serve

ROWS = [
    {"inputs": {"t": "it broke again"}, "expected": "bad"},
    {"inputs": {"t": "so lovely, thanks"}, "expected": "good"},
]


@contextlib.contextmanager
def child(*flags, line=None):
    """The child with its first line written."""
    process = subprocess.Popen(
        [sys.executable, "-m", "harness.reference", *flags],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        process.stdin.write(line or json.dumps({"train": ROWS, "schema": None}) + "\n")
        process.stdin.flush()
        yield process
    finally:
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout, process.stderr):
            with contextlib.suppress(BrokenPipeError):
                pipe.close()


def ask(port):
    """What the tuned model says."""
    body = {"model": "reference-tuned", "messages": [{"role": "user", "content": "it broke"}]}
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/v1/chat/completions", data=json.dumps(body).encode(), method="POST"
    )
    with urllib.request.urlopen(request, timeout=60) as reply:
        return json.load(reply)["choices"][0]["message"]["content"]


def test_it_serves_until_stdin_ends_and_ignores_ctrl_c():
    """The port comes as one JSON line; SIGINT changes nothing; EOF on stdin ends it with 0."""
    with child("--time-scale", "0") as process:
        port = json.loads(process.stdout.readline())["port"]
        process.send_signal(signal.SIGINT)
        assert ask(port) == "bad"
        process.stdin.close()
        assert process.wait(timeout=20) == 0
        assert process.stderr.read() == ""


def test_sigterm_ends_it():
    """SIGTERM ends it cleanly."""
    with child() as process:
        process.stdout.readline()
        process.terminate()
        assert process.wait(timeout=20) == 0


def test_it_dies_with_a_parent_that_is_killed():
    """A parent that is killed cannot say goodbye: the child sees stdin end and goes."""
    code = (
        "import subprocess, sys, json;"
        "p = subprocess.Popen([sys.executable, '-m', 'harness.reference'], stdin=subprocess.PIPE, text=True);"
        "p.stdin.write(json.dumps({'train': [], 'schema': None}) + '\\n'); p.stdin.flush(); p.wait()"
    )
    parent = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert json.loads(parent.stdout.readline())["port"] > 0
    os.kill(parent.pid, signal.SIGKILL)
    assert parent.stdout.read() == "", "stdout closes when the child is gone, too"
    parent.wait()
    parent.stdout.close()


@pytest.mark.parametrize(
    "line",
    ["nonsense\n", "[]\n", "{}\n", '{"train": 3, "schema": null}\n', '{"train": [{}], "schema": null}\n'],
)
def test_a_wrong_first_line_is_named(line):
    """What stdin must hold stands on stderr, and the exit code is 2."""
    with child(line=line) as process:
        assert process.wait(timeout=20) == 2
        assert "first line of stdin" in process.stderr.read()


def test_a_taken_port_and_wrong_flags_are_one_line():
    """A port that is taken, a fault or a scale that cannot be are the user's mistakes, not tracebacks."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with child("--port", str(port)) as process:
            assert process.wait(timeout=20) == 2
            assert f"port {port}" in process.stderr.read()
        with pytest.raises(UsageError, match=f"port {port}"):
            serve(port=port)
    with pytest.raises(UsageError, match="--faults"):
        serve(faults="418:1")
    with pytest.raises(UsageError, match="--time-scale"):
        serve(time_scale=-1.0)


def test_by_hand_it_prints_its_address_and_ends_on_ctrl_c():
    """`serve` prints the base_url, answers there, and Ctrl-C ends it without a traceback."""
    code = "from harness.reference.serve import serve; serve(time_scale=0.0)"
    process = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    line = process.stdout.readline()
    base_url = line.split()[3]
    assert base_url.startswith("http://127.0.0.1:")
    with urllib.request.urlopen(f"{base_url}/models", timeout=20) as reply:
        assert json.load(reply)["data"]
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=20)
    assert process.returncode == 0
    assert (out, err) == ("", "")
