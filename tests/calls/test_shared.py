"""What is open once in a process, for as many as ask for it."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from harness.calls.shared import Shared


def test_the_first_opens_and_the_last_ends():
    """All get the same; it ends once, and can be opened again."""
    shared, ended = Shared(), []
    assert shared.take("a", lambda: "first") == "first"
    assert shared.take("a", lambda: pytest.fail("opened twice")) == "first"
    assert shared.take("b", lambda: "other") == "other"
    shared.leave("a", ended.append)
    assert ended == []
    shared.leave("a", ended.append)
    assert ended == ["first"]
    assert shared.take("a", lambda: "second") == "second"


def test_one_that_cannot_be_opened_is_not_kept():
    """The next one tries again."""
    shared = Shared()
    with pytest.raises(OSError, match="no"):
        shared.take("a", lambda: (_ for _ in ()).throw(OSError("no")))
    assert shared.take("a", lambda: 1) == 1


def test_many_threads_never_have_two_open():
    """Whoever comes while the last one leaves waits until it has ended."""
    shared, open_now, most = Shared(), [], []
    all_at_once = threading.Barrier(8)

    def start():
        open_now.append(1)
        most.append(len(open_now))
        return object()

    def use(_):
        all_at_once.wait()
        for _ in range(200):
            shared.take("a", start)
            shared.leave("a", lambda _: open_now.pop())

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(use, range(8)))
    assert max(most) == 1
    assert open_now == []
