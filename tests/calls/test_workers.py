"""Threads for code that cannot be stopped: used again, left behind, and never in the way of the end."""

import asyncio
import subprocess
import sys
import textwrap
import threading

import pytest

from harness.calls.workers import Workers


def names():
    """The threads of the workers below that are still there."""
    return [thread for thread in threading.enumerate() if thread.name == "ours"]


def test_one_thread_serves_calls_that_come_after_each_other():
    """Only calls at the same time need more than one."""

    async def told():
        workers = Workers("ours")
        one_by_one = [await workers.run(threading.get_ident) for _ in range(5)]
        barrier = threading.Barrier(3)
        await asyncio.gather(*[workers.run(lambda: barrier.wait(30)) for _ in range(3)])
        threads = names()
        workers.close()
        return one_by_one, threads

    one_by_one, threads = asyncio.run(told())
    assert len(set(one_by_one)) == 1
    assert len(threads) == 3
    for thread in threads:
        thread.join(30)
    assert names() == []


def test_a_thread_that_was_left_is_counted_until_it_ends():
    """And then it is used again, as any other; what it brought late is nobody's answer."""

    async def told():
        workers, release = Workers("ours"), threading.Event()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await workers.run(lambda: release.wait(30))
        left = workers.left
        release.set()
        async with asyncio.timeout(30):
            while workers.left:  # noqa: ASYNC110 - the thread that ends has nobody to tell
                await asyncio.sleep(0.005)
        answer = await workers.run(lambda: "fresh")
        threads = names()
        workers.close()
        return left, answer, threads

    left, answer, threads = asyncio.run(told())
    assert (left, answer, len(threads)) == (1, "fresh", 1)
    threads[0].join(30)


def test_a_thread_that_ends_after_the_run_tells_nobody():
    """Its loop is closed by then: the thread ends without a word."""
    release = threading.Event()

    async def told():
        workers = Workers("ours")
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await workers.run(lambda: release.wait(30))
        workers.close()
        return names()

    (thread,) = asyncio.run(told())
    release.set()
    thread.join(30)
    assert names() == []


def test_the_process_ends_though_a_thread_hangs():
    """A thread that never ends dies with the process."""
    script = """
        import asyncio, threading
        from harness.calls.workers import Workers

        async def main():
            workers = Workers("hung")
            try:
                async with asyncio.timeout(0.1):
                    await workers.run(threading.Event().wait)
            except TimeoutError:
                print("left", workers.left)
            workers.close()

        asyncio.run(main())
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stdout.split() == ["left", "1"]
