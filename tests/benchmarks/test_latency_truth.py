"""The benchmark of truth can be believed itself: its server's account, and its verdicts."""

import json
import socket
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture
def truth(monkeypatch):
    """The benchmark's module."""
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    import latency_truth

    return latency_truth


@pytest.fixture
def known_server():
    """A server of 60 ms with no spread: its port, and a function that asks for its account."""
    command = [sys.executable, str(BENCHMARKS / "known_server.py"), "--median-s", "0.06", "--sigma", "0"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
        port = int(child.stdout.readline())

        def account():
            child.stdin.write("\n")
            child.stdin.flush()
            return json.loads(child.stdout.readline())

        yield port, account
        child.stdin.close()


def asked(port, path, body):
    """The answer over a bare socket, and when its first and its last bytes came, in milliseconds."""
    data = json.dumps(body).encode()
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(data)}\r\n\r\n".encode()
    with socket.create_connection(("127.0.0.1", port)) as connection:
        began_s, came, first_ms = time.perf_counter(), b"", 0.0
        connection.sendall(head + data)
        while not (
            came.endswith(b"0\r\n\r\n") or b"Content-Length: %d" % len(came.partition(b"\r\n\r\n")[2]) in came
        ):
            came += connection.recv(65536)
            first_ms = first_ms or 1000 * (time.perf_counter() - began_s)
    return came, first_ms, 1000 * (time.perf_counter() - began_s)


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/messages"])
def test_the_servers_account_is_what_a_bare_socket_sees(known_server, path):
    """Plain and streamed: its times are those of the bytes, to a few milliseconds, and it forgets what it has told."""
    port, account = known_server
    plain, _, plain_ms = asked(port, path, {"stream": False})
    streamed, first_ms, last_ms = asked(port, path, {"stream": True})
    told = account()
    assert b"billing" in plain
    assert streamed.count(b"data: ") >= 10
    assert told["peak"] == 1
    assert told["service_ms"][0] == pytest.approx(plain_ms, abs=20)
    assert told["service_ms"][0] >= 60
    assert told["service_ms"][1] == pytest.approx(last_ms, abs=20)
    assert told["first_ms"] == [None, pytest.approx(first_ms, abs=20)]
    assert account()["service_ms"] == []


@pytest.mark.parametrize(
    ("ours", "says", "verdict", "wrong"),
    [
        ((302.0, 490.0), {}, "true", False),
        ((305.0, 490.0), {}, "WRONG and says valid", True),
        ((305.0, 490.0), {"invalid": "late"}, "invalid: late", False),
        ((305.0, 490.0), {"clock": "client"}, "on the client's clock", False),
        ((302.0, 490.0), {"reached": 40}, "true, 40 in flight", False),
        ((302.0, 490.0), {"reached": 80}, "WRONG: says 80 in flight", True),
        ((305.0, 490.0), {"judges_itself": False}, "off, and says nothing", False),
    ],
)
def test_a_run_is_held_to_its_word(truth, ours, says, verdict, wrong):
    """Only what is off, or had fewer in flight, and does not say so is wrong."""
    row = truth.Row(client="openai", streamed=False, in_flight=64, calls=100)
    seen = replace(truth.Seen(whole=ours, judges_itself=True, clock="wire", reached=64), **says)
    line = truth.Line(row=row, what="plain", peak=62, ours=ours, theirs=(300.0, 490.0), seen=seen)
    if says.get("reached") == 40:
        line = replace(line, peak=41)
    assert line.verdict.startswith(verdict)
    assert line.wrong is wrong
